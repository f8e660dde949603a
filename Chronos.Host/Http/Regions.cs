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

    /// <summary>
    /// A question changes nothing and is asked a second time: the first may have met its entity on the way to another node, where Akka drops what waits for it or is
    /// in the mailbox of one that stops. A change is not: whoever asked repeats it, under its <c>Idempotency-Key</c>.
    /// </summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(1.5);

    public async Task<IJobReply> Ask(IJobCommand command, CancellationToken cancellation) =>
        await Ask<IJobReply>(await jobs.GetAsync(cancellation), command, command is JobCommands.Get or JobCommands.GetRevisions, cancellation);

    public async Task<ITimetableReply> Ask(ITimetableCommand command, CancellationToken cancellation) =>
        await Ask<ITimetableReply>(
            await timetables.GetAsync(cancellation), command, command is TimetableCommands.GetPlan or TimetableCommands.GetExecution or TimetableCommands.GetBackfill, cancellation);

    private static async Task<T> Ask<T>(IActorRef region, object command, bool isQuestion, CancellationToken cancellation)
    {
        if (!isQuestion)
        {
            return await region.Ask<T>(command, Patience, cancellation);
        }

        try
        {
            return await region.Ask<T>(command, FirstPatience, cancellation);
        }
        catch (AskTimeoutException)
        {
            return await region.Ask<T>(command, Patience - FirstPatience, cancellation);
        }
    }
}
