using System.Collections.Immutable;
using Chronos.Core.Kernel;

namespace Chronos.Core.Catalog;

/// <summary>What a list of jobs can be ordered by.</summary>
public enum JobSortField
{
    Name,
    CreatedAt,
    UpdatedAt,
}

/// <summary>Whether a list goes up or down.</summary>
public enum SortDirection
{
    Ascending,
    Descending,
}

/// <summary>The order of a list of jobs.</summary>
public sealed record JobSort(JobSortField Field, SortDirection Direction)
{
    private static readonly ImmutableArray<(string Word, JobSortField Field)> Words =
        [("name", JobSortField.Name), ("created_at", JobSortField.CreatedAt), ("updated_at", JobSortField.UpdatedAt)];

    public static readonly JobSort Default = new(JobSortField.Name, SortDirection.Ascending);

    /// <summary>Reads <c>name</c>, <c>-updated_at</c>, …; null, and a violation of <c>sort</c>, when it is none.</summary>
    public static JobSort? Parse(string? text, ICollection<Violation> violations)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Default;
        }

        var word = text.TrimStart('-');
        foreach (var (known, field) in Words)
        {
            if (known == word && text.Length - word.Length < 2)
            {
                return new JobSort(field, text[0] == '-' ? SortDirection.Descending : SortDirection.Ascending);
            }
        }

        violations.Add(new Violation("sort", $"is one of {string.Join(", ", Words.Select(w => w.Word))}, with a minus before it for the reverse"));
        return null;
    }
}
