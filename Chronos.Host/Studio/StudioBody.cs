using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Contracts;
using Chronos.Core.Studio;
using Chronos.Host.Jobs;

namespace Chronos.Host.Studio;

/// <summary>Body of <c>test</c>: a job document whose name may be left out.</summary>
internal sealed record StudioBody : JobBody
{
    /// <summary>Secrets for this one request, before those of the node. They are kept nowhere.</summary>
    public ImmutableSortedDictionary<string, string>? SecretValues { get; set; }
}

/// <summary>Body of <c>import</c>.</summary>
internal sealed record ImportBody(string Curl);

/// <summary>A job document made of something else.</summary>
/// <param name="Secrets">What the nodes need before the job works.</param>
/// <param name="Notes">What could not be taken over, or is done differently.</param>
internal sealed record ImportView(JsonElement Document, ImmutableArray<StudioSecret> Secrets, ImmutableArray<string> Notes);

/// <summary>An exchange in a list.</summary>
internal sealed record ExchangeRow(
    string Id, DateTimeOffset At, string Protocol, string Method, string Address, bool Succeeded, string Failure, int? StatusCode, string? Error, double TotalMs)
{
    public static ExchangeRow Of(StudioExchange exchange)
    {
        var sent = exchange.Sent.IsEmpty ? null : exchange.Sent[0];
        return new ExchangeRow(
            exchange.Id, exchange.At, sent?.Protocol ?? "", sent?.Method ?? "", sent?.Address ?? "", exchange.Succeeded, exchange.Failure, exchange.Response.StatusCode, exchange.Error,
            exchange.Timings.TotalMs);
    }
}

/// <summary>A page of exchanges, newest first.</summary>
internal sealed record ExchangeListView(ImmutableArray<ExchangeRow> Items, string? NextCursor);
