using System.Globalization;
using System.Text;
using DotLiquid;
using DotLiquid.Exceptions;
using DotLiquid.Tags;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>A limit of the sandbox was reached. Ends the run: the engine passes a render exception on instead of printing it.</summary>
internal sealed class TemplateLimitException : RenderException
{
    public TemplateLimitException(string message) : base(message)
    {
    }
}

/// <summary>
/// How much text the filters of one run may make, and how many steps all its loops together: a string that is appended to itself
/// doubles per step, and loops inside loops multiply.
/// </summary>
internal sealed class TemplateBudget
{
    public const string Key = "chronos_budget";

    private long _left = 8L * TemplateText.MaxOutput;
    private int _steps = TemplateText.MaxSteps;

    public void Step()
    {
        if (--_steps < 0)
        {
            throw new TemplateLimitException($"the template loops more than {TemplateText.MaxSteps} times in all");
        }
    }

    public void Take(long characters)
    {
        if ((_left -= characters) < 0)
        {
            throw new TemplateLimitException("the template makes too much text");
        }
    }
}

/// <summary>A loop whose body begins with <see cref="LoopStep"/>; the engine itself counts each loop alone.</summary>
internal sealed class CountedLoop : For
{
    public override void Initialize(string tagName, string markup, List<string> tokens)
    {
        tokens.Insert(0, $"{{% {LoopStep.Word} %}}");
        base.Initialize(tagName, markup, tokens);
    }
}

/// <summary>Charges a step of a loop to the budget of the run. No author can write it: the grammar does not know it.</summary>
internal sealed class LoopStep : Tag
{
    public const string Word = "chronos_step";

    public override void Render(Context context, TextWriter result) => ((TemplateBudget)context.Registers[TemplateBudget.Key]!).Step();
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
