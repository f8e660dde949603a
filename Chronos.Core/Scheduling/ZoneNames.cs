namespace Chronos.Core.Scheduling;

/// <summary>What to say of a zone name that the tz database does not have.</summary>
internal static class ZoneNames
{
    private const int MostDistance = 2;

    public static string Unknown(string name, ZoneSource zones)
    {
        if (name.Length is 0 or > 64)
            return "is not an IANA time zone";

        // Of a short name nearly every other short one is two letters away: that is no hint. What people mean is a region and a city.
        var most = Math.Min(MostDistance, name.Length / 3);
        var near = zones.Ids
            .Select(id => (Id: id, Distance: id.Equals(name, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(id, name)))
            .Where(candidate => candidate.Distance <= most)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Id.Contains('/', StringComparison.Ordinal) ? 0 : 1)
            .ThenBy(candidate => candidate.Id, StringComparer.Ordinal)
            .FirstOrDefault();
        return near.Id is null ? $"'{name}' is not an IANA time zone" : $"'{name}' is not an IANA time zone; {near.Id} is";
    }

    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > MostDistance)
            return int.MaxValue;

        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + cost));
            }
        }

        return row[^1];
    }
}
