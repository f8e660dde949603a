using System.Globalization;

namespace Chronos.Core.Scheduling;

/// <summary>Reads one field of a cron expression into a set of values; the first fault ends it and is kept with its place.</summary>
/// <param name="draw">How many values a hash moves on from the one that it draws, within its range.</param>
internal ref struct CronFieldReader(CronField spec, ReadOnlySpan<char> text, int offset, ulong seed, int draw = 0)
{
    private const int MaxSpecials = 8;

    private readonly ReadOnlySpan<char> _text = text;
    private int _at;

    /// <summary>Bit v is set for value v; unused for years.</summary>
    public ulong Mask;

    public SortedSet<int>? Years;

    /// <summary>Every year, also those beyond the ones that can be written.</summary>
    public bool AnyYear;

    public List<SpecialDay>? Specials;

    /// <summary>Crontab's test of the day fields: one that begins with <c>*</c> (or is <c>?</c>) restricts nothing.</summary>
    public bool Restricted;

    /// <summary>Has a wildcard, a range or a step: in a repeated hour it fires in both passes.</summary>
    public bool Repeats;

    public bool UsesHash;

    public CronError? Error;

    public bool Read()
    {
        Restricted = _text[0] is not ('*' or '?');
        do
        {
            if (!ReadItem())
                return false;
        }
        while (Take(','));

        return _at == _text.Length || Fail($"'{_text[_at]}' is not expected here", _at, 1);
    }

    private readonly char Peek => _at < _text.Length ? _text[_at] : '\0';

    private bool ReadItem()
    {
        var start = _at;
        if (Peek is '\0' or ',')
            return Fail("a value is missing", Math.Min(_at, _text.Length - 1), 1);
        if (Take('?'))
            return ReadAny();
        if (Take('*'))
        {
            Repeats = true;
            if (!ReadStep(out var step))
                return false;

            AnyYear |= spec == CronField.Year && step == 1;
            return Add(spec.Min, spec.Min + spec.Size - 1, step);
        }

        if (Peek is 'H' or 'h' && !IsLetter(_at + 1))
            return ReadHash();
        if (spec == CronField.DayOfMonth && Peek is 'L' or 'l')
            return ReadFromLast(start);

        if (!ReadValue(out var low))
            return false;
        if (ReadSpecial(low, start, out var special))
            return special;

        return ReadRange(low, start);
    }

    private bool ReadRange(int low, int start)
    {
        if (Take('-'))
        {
            if (!ReadValue(out var high))
                return false;
            if (spec == CronField.Year && high < low)
                return Fail($"{low}-{high} runs backwards", start, _at - start);

            Repeats = true;
            return ReadStep(out var stride) && Add(low, high, stride);
        }

        if (Peek != '/')
            return Add(low, low, 1);

        Repeats = true;
        return ReadStep(out var step) && Add(low, spec.Min + spec.Size - 1, step);
    }

    private bool ReadAny()
    {
        if (!spec.IsDay)
            return Fail("? stands only for day-of-month or day-of-week", 0, 1);
        if (_text.Length > 1)
            return Fail("? stands alone", 0, _text.Length);

        return Add(spec.Min, spec.Min + spec.Size - 1, 1);
    }

    /// <summary><c>H</c>, <c>H(a-b)</c>, each with or without a step: a value that depends on the job and never changes.</summary>
    private bool ReadHash()
    {
        var start = _at++;
        UsesHash = true;
        if (spec == CronField.Year)
            return Fail("H has no meaning for a year", start, 1);

        // Day 29 and later do not exist in every month, and a hash must not decide that a job skips February.
        int low = spec.Min, high = spec == CronField.DayOfMonth ? 28 : spec.Min + spec.Size - 1;
        if (Take('('))
        {
            if (!ReadValue(out low))
                return false;
            if (!Take('-'))
                return Fail("H takes a range, as in H(0-29)", start, _at - start);
            if (!ReadValue(out high))
                return false;
            if (!Take(')'))
                return Fail("H( is not closed", start, _at - start);
            if (high < low)
                return Fail($"H({low}-{high}) runs backwards", start, _at - start);
        }

        var hash = Hashes.Mix(seed + ((ulong)spec.Index * 0x9E3779B97F4A7C15));
        var span = (ulong)(high - low + 1);
        if (Peek != '/')
        {
            var value = low + Drawn(hash, span);
            return Add(value, value, 1);
        }

        Repeats = true;
        return ReadStep(out var step) && Add(low + Drawn(hash, Math.Min((ulong)step, span)), high, step);
    }

    private readonly int Drawn(ulong hash, ulong of) => (int)(((hash % of) + (ulong)draw) % of);

    private bool ReadFromLast(int start)
    {
        _at++;
        var back = 0;
        if (Take('-') && (!ReadNumber(out back) || back is < 1 or > 30))
            return Fail($"{_text[start.._at]} is not L-1 to L-30", start, _at - start);

        return AddSpecial(new SpecialDay(Take('W') || Take('w') ? SpecialDayKind.WeekdayFromLast : SpecialDayKind.FromLast, back, 0), start);
    }

    /// <summary>What may follow a day: <c>W</c>, <c>L</c>, <c>#n</c>. False when nothing does.</summary>
    private bool ReadSpecial(int value, int start, out bool ok)
    {
        ok = false;
        if (spec == CronField.DayOfMonth && (Take('W') || Take('w')))
            ok = AddSpecial(new SpecialDay(SpecialDayKind.NearestWeekday, value, 0), start);
        else if (spec == CronField.DayOfWeek && (Take('L') || Take('l')))
            ok = AddSpecial(new SpecialDay(SpecialDayKind.LastOfWeekday, value % 7, 0), start);
        else if (spec == CronField.DayOfWeek && Take('#'))
            ok = ReadNumber(out var nth) && nth is >= 1 and <= 5
                ? AddSpecial(new SpecialDay(SpecialDayKind.NthOfWeekday, value % 7, nth), start)
                : Fail($"{_text[start.._at]} is not #1 to #5", start, _at - start);
        else
            return false;

        return true;
    }

    private bool AddSpecial(SpecialDay day, int start)
    {
        if (Peek is '/' or '-')
            return Fail($"{_text[start.._at]} takes no range and no step", start, _at - start + 1);

        Specials ??= [];
        if (!Specials.Contains(day))
            Specials.Add(day);

        return Specials.Count <= MaxSpecials || Fail($"more than {MaxSpecials} days with L, W or #", start, _at - start);
    }

    private bool ReadStep(out int step)
    {
        step = 1;
        if (!Take('/'))
            return true;

        var start = _at;
        if (!ReadNumber(out step))
            return Fail(start == _text.Length ? "a step is missing after /" : $"step '{Word(start)}' is not a number", Math.Min(start, _text.Length - 1), Math.Max(1, Word(start).Length));

        return (step >= 1 && step <= spec.StepMax) || Fail($"step {_text[start.._at]} is not 1-{spec.StepMax}", start, _at - start);
    }

    /// <summary>A number in the range of the field, or one of its words.</summary>
    private bool ReadValue(out int value)
    {
        var start = _at;
        value = 0;
        if (IsLetter(_at))
        {
            var word = Word(start);
            for (var i = 0; i < spec.Words.Length; i++)
            {
                if (!word.StartsWith(spec.Words[i], StringComparison.OrdinalIgnoreCase))
                    continue;

                // FRIL is the last Friday; FRIDAY is not a word of the dialect.
                if (word.Length > 3 && !(spec == CronField.DayOfWeek && word.Length == 4 && word[3] is 'L' or 'l'))
                    break;

                _at += 3;
                value = spec.Min + i;
                return true;
            }

            return Fail(word is "L" or "l" && spec == CronField.DayOfWeek ? "L needs a day before it, as in 5L" : $"'{word}' is not {Allowed}", start, word.Length);
        }

        if (start == _text.Length)
            return Fail("a value is missing", start - 1, 1);
        if (!ReadNumber(out value))
            return Fail($"'{Word(start)}' is not {Allowed}", Math.Min(start, _text.Length - 1), Math.Max(1, Word(start).Length));

        return (value >= spec.Min && value <= spec.Max) || Fail($"{_text[start.._at]} is not {spec.Range}", start, _at - start);
    }

    private readonly string Allowed => spec.Words.Length == 0 ? spec.Range : $"{spec.Range} or {spec.Words[0]}-{spec.Words[^1]}";

    private bool ReadNumber(out int number)
    {
        var start = _at;
        while (char.IsAsciiDigit(Peek))
            _at++;

        return int.TryParse(_text[start.._at], NumberStyles.None, CultureInfo.InvariantCulture, out number) || (number = _at > start ? int.MaxValue : 0) > 0;
    }

    /// <summary>The range from low to high, over the end of the field's circle when high is before low.</summary>
    private bool Add(int low, int high, int step)
    {
        if (spec == CronField.Year)
        {
            Years ??= [];
            for (var year = low; year <= high; year += step)
                Years.Add(year);

            return true;
        }

        if (spec == CronField.DayOfWeek && low == 7 && high != 7)
            low = 0;

        var span = high >= low ? high - low : high - low + spec.Size;
        for (var k = 0; k <= span; k += step)
            Mask |= 1UL << (spec.Min + ((low - spec.Min + k) % spec.Size));

        return true;
    }

    private bool Take(char c)
    {
        if (Peek != c || c == '\0')
            return false;

        _at++;
        return true;
    }

    private readonly bool IsLetter(int at) => at < _text.Length && char.IsAsciiLetter(_text[at]);

    /// <summary>What stands at a place up to the next separator, for messages.</summary>
    private readonly ReadOnlySpan<char> Word(int start)
    {
        var end = start;
        while (end < _text.Length && (_text[end] is not (',' or '/' or '-' or '#' or '(' or ')') || (end == start && _text[end] != ',')))
            end++;

        return _text[start..end];
    }

    private bool Fail(string message, int at, int length)
    {
        Error ??= new CronError(spec.Name, message, offset + at, length);
        return false;
    }
}
