using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Jobs;
using Chronos.Core.Jobs;

namespace Chronos.Host.Http;

/// <summary>Asks the entities. An answer that does not come in time becomes 503 with <c>Retry-After</c>.</summary>
internal sealed class Regions(IRequiredActor<JobRegionKey> jobs, IRequiredActor<TimetableRegionKey> timetables)
{
    /// <summary>Shorter than a caller's usual patience, longer than a slow commit.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public async Task<IJobReply> Ask(IJobCommand command, CancellationToken cancellation) =>
        await (await jobs.GetAsync(cancellation)).Ask<IJobReply>(command, Patience, cancellation);

    public async Task<ITimetableReply> Ask(ITimetableCommand command, CancellationToken cancellation) =>
        await (await timetables.GetAsync(cancellation)).Ask<ITimetableReply>(command, Patience, cancellation);
}
