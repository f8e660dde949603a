using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using DotLiquid;
using DotLiquid.Exceptions;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>
/// A Liquid template in a string of a job document, parsed and checked once and rendered for each attempt. Sandboxed: its own
/// variables, a fixed set of tags and filters, no files, no clock, and limits on time, loops, length and memory.
/// </summary>
/// <remarks>
/// A variable that does not exist is an error, never an empty string: a request with a hole in it does harm. Only a member of
/// <c>payload</c> or <c>job.tags</c> may be absent, where a condition or the filter <c>default</c> asks for it.
/// </remarks>
public sealed partial class TemplateText
{
    /// <summary>The longest text that a template may produce, in characters.</summary>
    public const int MaxOutput = 1024 * 1024;

    internal const int MaxSource = 64 * 1024;
    internal const int MaxIterations = 10_000;

    /// <summary>Steps of all loops of a run together: loops inside loops multiply, and each may have <see cref="MaxIterations"/>.</summary>
    internal const int MaxSteps = 100_000;

    /// <summary>
    /// The last resort. What a template may do is bound by what it counts, so that it does the same on a busy machine; this is only for
    /// what nothing counts, and so long that a thread that waits for its turn does not reach it.
    /// </summary>
    internal static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private const SyntaxCompatibility Syntax = SyntaxCompatibility.DotLiquid22a;
    private const int CacheLimit = 4096;
    private static readonly ConcurrentDictionary<string, TemplateText> Cache = new(StringComparer.Ordinal);

    private readonly string _source;
    private readonly Template _template;
    private readonly bool _filters;

    static TemplateText()
    {
        Template.RegexTimeOut = TimeLimit;

        // The engine puts its own tags in their places when it is first used, over what is there already.
        RuntimeHelpers.RunClassConstructor(typeof(Liquid).TypeHandle);
        Template.RegisterTag<CountedLoop>("for");
        Template.RegisterTag<LoopStep>(LoopStep.Word);
        Template.RegisterValueTypeTransformer(typeof(JsonMap), static value => TemplateValues.ToJson(value));
        Template.RegisterValueTypeTransformer(typeof(JsonList), static value => TemplateValues.ToJson(value));
    }

    private TemplateText(string source, Template template, ImmutableArray<string> secrets)
    {
        (_source, _template, Secrets) = (source, template, secrets);
        _filters = source.Contains('|', StringComparison.Ordinal);
    }

    /// <summary>Names of the secrets that the template uses.</summary>
    public ImmutableArray<string> Secrets { get; }

    /// <summary>Whether a string needs the engine at all. Most do not and are sent as they are.</summary>
    public static bool IsTemplate(string text) =>
        text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal);

    /// <summary>Parses and tries a template. On failure <paramref name="error"/> says what is wrong with it.</summary>
    public static bool TryParse(string source, [NotNullWhen(true)] out TemplateText? template, [NotNullWhen(false)] out string? error)
    {
        if (Cache.TryGetValue(source, out template))
        {
            error = null;
            return true;
        }

        if ((error = TemplateGrammar.Check(source, out var secrets)) is not null)
        {
            return false;
        }

        try
        {
            var parsed = Template.Parse(source, Syntax);
            parsed.MakeThreadSafe();
            template = new TemplateText(source, parsed, secrets);
        }
        catch (Exception e) when (e is LiquidException or RegexMatchTimeoutException or FormatException)
        {
            error = "the template cannot be read: " + OneLine(e.Message);
            return false;
        }

        // A trial run finds what only shows when it runs: unknown variables and filters, loops without end, too much text.
        if (!template.Run(TemplateScope.Trial(secrets).Variables, out _, out var failure, trial: true))
        {
            (template, error) = (null, failure);
            return false;
        }

        if (Cache.Count >= CacheLimit)
        {
            Cache.Clear();
        }

        Cache.TryAdd(source, template);
        return true;
    }

    /// <summary>Renders with the values of one attempt. On failure <paramref name="error"/> says why, without any value in it.</summary>
    public bool TryRender(TemplateScope scope, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out string? error) =>
        Run(scope.Variables, out text, out error, trial: false);

    /// <summary>Whether the template needs the payload.</summary>
    public bool UsesPayload => Mentions("payload");

    /// <summary>Whether the template puts out what only the target of the attempt may know.</summary>
    public bool HoldsSecret => !Secrets.IsEmpty || Mentions("callback");

    internal bool Mentions(string root) => TemplateGrammar.Mentions(_source, root);

    private bool Run(Hash variables, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out string? error, bool trial)
    {
        (text, error) = (null, null);
        using var limit = new CancellationTokenSource(TimeLimit);
        var context = new Context(
            [], variables, new Hash { [TemplateBudget.Key] = new TemplateBudget() }, ErrorsOutputMode.Suppress, MaxIterations,
            CultureInfo.InvariantCulture, limit.Token)
        { SyntaxCompatibilityLevel = Syntax };
        if (_filters)
        {
            // The engine looks for them by reflection, for each run anew: some 60 KB and as long as everything else about an attempt.
            context.AddFilters(typeof(TemplateFilters));
        }

        using var output = new BoundedWriter(MaxOutput);
        try
        {
            _template.Render(output, new RenderParameters(CultureInfo.InvariantCulture) { Context = context });
        }
        catch (MaximumIterationsExceededException)
        {
            error = $"the template loops more than {MaxIterations} times";
            return false;
        }
        catch (TemplateLimitException e)
        {
            error = e.Message;
            return false;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or RegexMatchTimeoutException)
        {
            error = $"the template runs longer than {TimeLimit.TotalSeconds:0} s";
            return false;
        }

        error = context.Errors.Select(e => Fault(e, trial)).FirstOrDefault(e => e is not null);
        text = error is null ? output.ToString() : null;
        return error is null;
    }

    private string? Fault(Exception error, bool trial) => error switch
    {
        TemplateLimitException => error.Message,
        FilterNotFoundException => $"there is no filter '{OneLine(error.Message)}'",
        VariableNotFoundException => Missing(QuotedName().Match(error.Message).Groups[1].Value, trial),
        SyntaxException => "the template cannot be read: " + OneLine(error.Message),

        // The values of a trial run are not the real ones: what fails because of them may be right.
        _ when trial => null,
        _ => $"the template fails: {error.GetType().Name}",
    };

    private string? Missing(string name, bool trial) =>
        // What is assigned from a value of the trial run may not have come to be.
        (trial && TemplateGrammar.Assigns(_source, name)) || MayBeAbsent().IsMatch(name) && TemplateGrammar.IsOptional(_source, name)
            ? null
            : $"there is no variable '{name}'";

    private static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length > 200 ? line[..200] : line;
    }

    [GeneratedRegex("'(.*)'", RegexOptions.Singleline, 1000)]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"^(payload|job\.tags)\b", RegexOptions.None, 1000)]
    private static partial Regex MayBeAbsent();
}
