using System.Text;
using Chronos.Core.Kernel;

namespace Chronos.Cli.Commands;

/// <summary>The query part of an address; what is absent is left out.</summary>
internal sealed class Query(string path)
{
    private readonly StringBuilder _text = new(path);
    private char _mark = '?';

    public Query And(string name, string? value)
    {
        if (value is not null)
        {
            _text.Append(_mark).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            _mark = '&';
        }

        return this;
    }

    public Query And(string name, int? value) => And(name, value?.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public Query And(string name, DateTimeOffset? value) => And(name, value is { } at ? Rfc3339.Format(at) : null);

    public override string ToString() => _text.ToString();
}
