using System.Globalization;
using System.Text;
using DotLiquid.Exceptions;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>A limit of the sandbox was reached. Ends the run: the engine passes a render exception on instead of printing it.</summary>
internal sealed class TemplateLimitException : RenderException
{
    public TemplateLimitException(string message) : base(message)
    {
    }
}

/// <summary>How much text the filters of one run may make. Without it, a string that is appended to itself doubles per step.</summary>
internal sealed class TemplateBudget
{
    public const string Key = "chronos_budget";

    private long _left = 8L * TemplateText.MaxOutput;

    public void Take(long characters)
    {
        if ((_left -= characters) < 0)
        {
            throw new TemplateLimitException("the template makes too much text");
        }
    }
}

/// <summary>Collects what a template puts out, up to a limit.</summary>
internal sealed class BoundedWriter(int limit) : StringWriter(CultureInfo.InvariantCulture)
{
    public override Encoding Encoding => Encoding.Unicode;

    public override void Write(char value)
    {
        Check(1);
        base.Write(value);
    }

    public override void Write(string? value)
    {
        Check(value?.Length ?? 0);
        base.Write(value);
    }

    public override void Write(char[] buffer, int index, int count)
    {
        Check(count);
        base.Write(buffer, index, count);
    }

    private void Check(int more)
    {
        if (GetStringBuilder().Length + more > limit)
        {
            throw new TemplateLimitException($"the template puts out more than {limit} characters");
        }
    }
}
