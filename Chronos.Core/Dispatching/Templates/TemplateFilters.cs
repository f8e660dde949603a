using System.Collections;
using System.Globalization;
using System.Text;
using DotLiquid;
using DotLiquid.Util;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>
/// The filters that can make a text longer, each charged to the run's budget; <c>date</c> without a clock and without the
/// machine's zone; and <c>json</c>. They replace the engine's filters of the same name; the others it keeps.
/// </summary>
internal static class TemplateFilters
{
    public static string Append(Context context, object? input, object? text) => Charge(context, Text(input), Text(text), string.Concat);

    public static string Prepend(Context context, object? input, object? text) => Charge(context, Text(text), Text(input), string.Concat);

    public static string Replace(Context context, object? input, object? find, object? with)
    {
        var (text, old, replacement) = (Text(input), Text(find), Text(with));
        if (old.Length == 0)
        {
            return text;
        }

        // The worst case is known before anything is made.
        Budget(context).Take(text.Length + ((long)text.Length / old.Length * replacement.Length));
        return text.Replace(old, replacement, StringComparison.Ordinal);
    }

    public static string Join(Context context, object? input, string? separator = " ")
    {
        var items = input is IEnumerable list and not string ? list.Cast<object?>().Select(Text).ToList() : [Text(input)];
        Budget(context).Take(items.Sum(item => (long)item.Length + (separator?.Length ?? 0)));
        return string.Join(separator, items);
    }

    public static IEnumerable Split(Context context, object? input, string? separator)
    {
        var text = Text(input);
        Budget(context).Take(text.Length * 8L);
        var parts = new JsonList();
        parts.AddRange(string.IsNullOrEmpty(separator) ? text.Select(c => c.ToString()) : text.Split(separator));
        return parts;
    }

    public static string Json(Context context, object? input)
    {
        var text = TemplateValues.ToJson(input);
        Budget(context).Take(text.Length);
        return text;
    }

    public static string Escape(Context context, object? input) => Encode(context, input, 6, System.Net.WebUtility.HtmlEncode!);

    public static string UrlEncode(Context context, object? input) => Encode(context, input, 9, Uri.EscapeDataString);

    public static string Base64Encode(Context context, object? input) =>
        Encode(context, input, 4, static text => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));

    public static string? Default(object? input, object? fallback) => Text(input) is { Length: > 0 } text ? text : Text(fallback);

    /// <summary>Formats an instant in UTC, with strftime's (<c>%Y-%m-%d</c>) or .NET's (<c>yyyy-MM-dd</c>) letters.</summary>
    public static string Date(Context context, object? input, string? format)
    {
        if (!DateTimeOffset.TryParse(
            Text(input), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) || string.IsNullOrEmpty(format))
        {
            throw new TemplateLimitException("the filter date needs an instant such as execution.scheduled_at, and a format");
        }

        Budget(context).Take(format.Length * 32L);
        return format.Contains('%', StringComparison.Ordinal) ? at.ToStrFTime(format, CultureInfo.InvariantCulture) : at.ToString(format, CultureInfo.InvariantCulture);
    }

    private static string Charge(Context context, string left, string right, Func<string, string, string> make)
    {
        Budget(context).Take((long)left.Length + right.Length);
        return make(left, right);
    }

    private static string Encode(Context context, object? input, int factor, Func<string, string> make)
    {
        var text = Text(input);
        Budget(context).Take((long)text.Length * factor);
        return make(text);
    }

    private static TemplateBudget Budget(Context context) => (TemplateBudget)context.Registers[TemplateBudget.Key]!;

    private static string Text(object? value) => value switch
    {
        null => string.Empty,
        string text => text,
        bool flag => flag ? "true" : "false",
        JsonMap or JsonList => TemplateValues.ToJson(value),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? string.Empty,
    };
}
