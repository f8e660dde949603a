using System.Globalization;

namespace Chronos.Core.Scheduling.Zones;

/// <summary>When daylight saving begins or ends each year, as a POSIX TZ string says it: <c>M3.5.0/2</c>, <c>J60</c>, <c>59</c>.</summary>
/// <param name="Kind"><c>M</c>: month, week (5 is the last), weekday. <c>J</c>: day 1-365, never 29 February. <c>0</c>: day 0-365 as it comes.</param>
/// <param name="Seconds">Time of day of the wall clock; may lie days before or after (-167 to 167 hours).</param>
internal readonly record struct PosixDate(char Kind, int Month, int Week, int Day, int Seconds)
{
    /// <summary>Seconds since 1970 on the wall clock that shows before the change.</summary>
    public long In(int year)
    {
        var first = new DateTime(year, 1, 1);
        DateTime date;
        if (Kind == 'M')
        {
            var month = new DateTime(year, Month, 1);
            date = month.AddDays(((Day - (int)month.DayOfWeek + 7) % 7) + (7 * (Week - 1)));
            if (date.Month != Month)
                date = date.AddDays(-7);
        }
        else
        {
            date = first.AddDays(Kind == 'J' ? Day - 1 + (DateTime.IsLeapYear(year) && Day >= 60 ? 1 : 0) : Day);
        }

        return ((date.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond) + Seconds;
    }
}

/// <summary>
/// The rule behind the last listed change of a zone, from the footer of its file (RFC 9636, section 3.3; POSIX TZ with the extension
/// that times of day may be negative or beyond 24 hours). Offsets are seconds east of UTC.
/// </summary>
internal sealed record PosixRule(string StandardName, int Standard, string? DaylightName, int Daylight, PosixDate Start, PosixDate End)
{
    public bool HasDaylight => DaylightName is not null;

    /// <summary>Null for an empty text: the file says nothing of the future.</summary>
    /// <exception cref="FormatException">It is no POSIX TZ string.</exception>
    public static PosixRule? Parse(string text) => text.Length == 0 ? null : new Reader(text).Read();

    /// <summary>The changes of a year in seconds since 1970, with the offset from then on.</summary>
    public IEnumerable<(long At, bool Daylight)> Changes(int year)
    {
        yield return (Start.In(year) - Standard, true);
        yield return (End.In(year) - Daylight, false);
    }

    private sealed class Reader(string text)
    {
        private int _at;

        public PosixRule Read()
        {
            var standard = Name();
            var offset = -Time(24);
            if (_at == text.Length)
                return new PosixRule(standard, offset, null, 0, default, default);

            var daylight = Name();
            var saved = _at < text.Length && text[_at] != ',' ? -Time(24) : offset + 3600;
            // POSIX leaves the dates open; RFC 9636 wants them, and a guess would be a wrong clock.
            Take(',');
            var start = Date();
            Take(',');
            var end = Date();
            return _at == text.Length ? new PosixRule(standard, offset, daylight, saved, start, end) : throw Wrong();
        }

        private PosixDate Date()
        {
            var kind = _at < text.Length && text[_at] is 'M' or 'J' ? text[_at++] : '0';
            var (month, week, day) = (0, 0, 0);
            if (kind == 'M')
            {
                month = Number(1, 12);
                Take('.');
                week = Number(1, 5);
                Take('.');
                day = Number(0, 6);
            }
            else
            {
                day = Number(kind == 'J' ? 1 : 0, 365);
            }

            if (_at >= text.Length || text[_at] != '/')
                return new PosixDate(kind, month, week, day, 2 * 3600);

            _at++;
            return new PosixDate(kind, month, week, day, Time(167));
        }

        private int Time(int hours)
        {
            var sign = 1;
            if (_at < text.Length && text[_at] is '+' or '-')
                sign = text[_at++] == '-' ? -1 : 1;

            var seconds = Number(0, hours) * 3600;
            for (var unit = 60; unit >= 1 && _at < text.Length && text[_at] == ':'; unit /= 60)
            {
                _at++;
                seconds += Number(0, 59) * unit;
            }

            return sign * seconds;
        }

        private string Name()
        {
            var start = _at;
            if (_at < text.Length && text[_at] == '<')
            {
                var close = text.IndexOf('>', _at);
                _at = close < 0 ? throw Wrong() : close + 1;
                return text[(start + 1)..close];
            }

            while (_at < text.Length && char.IsAsciiLetter(text[_at]))
                _at++;

            return _at - start >= 3 ? text[start.._at] : throw Wrong();
        }

        private int Number(int min, int max)
        {
            var start = _at;
            while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                _at++;

            return int.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
                ? number
                : throw Wrong();
        }

        private void Take(char c)
        {
            if (_at >= text.Length || text[_at++] != c)
                throw Wrong();
        }

        private FormatException Wrong() => new($"'{text}' is no rule of daylight saving");
    }
}
