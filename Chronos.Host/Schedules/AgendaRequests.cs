using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Host.Schedules;

/// <summary>Reads the agenda of all timetables as one: a merge of 64 ordered readings, each a page ahead at most.</summary>
internal sealed class AgendaRequests(IRequiredActor<TimetableRegionKey> timetables, IIdSource ids) : IDisposable
{
    /// <summary>So many agendas are read at once; the next one waits.</summary>
    private const int AtOnce = 4;

    /// <summary>The first row needs a page of every timetable: a small one.</summary>
    private const int FirstPage = 20;

    /// <summary>A page fits into a message between nodes.</summary>
    private const int Page = 300;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _room = new(AtOnce, AtOnce);

    public void Dispose() => _room.Dispose();

    /// <summary>The rows of [<paramref name="from"/>, <paramref name="to"/>) in order.</summary>
    public async IAsyncEnumerable<AgendaRow> Read(
        TenantId tenant, DateTimeOffset from, DateTimeOffset to, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        var (session, whole) = (ids.NewUlid(), false);
        IActorRef region = ActorRefs.Nobody;
        try
        {
            region = await timetables.GetAsync(cancellation);
            Task<AgendaPlanning.AgendaPage> Ask(int timetable, AgendaRow? after, int limit) => region.Ask<AgendaPlanning.AgendaPage>(
                new AgendaPlanning.ReadAgenda(timetable, tenant, session, from, to, after, limit), Patience, cancellation);

            var heap = new PriorityQueue<Reading, AgendaRow>();
            var pages = await Task.WhenAll(Enumerable.Range(0, TimetableNumbers.Count).Select(n => Ask(n, null, FirstPage)));
            foreach (var page in pages.Where(p => !p.Rows.IsEmpty))
            {
                heap.Enqueue(new Reading(page, Following(page)), page.Rows[0]);
            }

            while (heap.TryDequeue(out var reading, out var row))
            {
                yield return row;
                if (++reading.At == reading.Page.Rows.Length)
                {
                    if (reading.Next is not { } next || await next is not { Rows.IsEmpty: false } page)
                    {
                        continue;
                    }

                    reading = new Reading(page, Following(page));
                }

                heap.Enqueue(reading, reading.Page.Rows[reading.At]);
            }

            whole = true;

            // Asked ahead, so that the merge seldom waits.
            Task<AgendaPlanning.AgendaPage>? Following(AgendaPlanning.AgendaPage page) =>
                page.End == AgendaEnd.Complete || page.Rows.IsEmpty ? null : Ask(page.Timetable, page.Rows[^1], Page);
        }
        finally
        {
            // Who went away, or gave up, wants nothing more of what the readers compute.
            for (var n = 0; n < TimetableNumbers.Count && !whole; n++)
            {
                region.Tell(new AgendaPlanning.EndAgenda(n, session));
            }

            _room.Release();
        }
    }

    private sealed class Reading(AgendaPlanning.AgendaPage page, Task<AgendaPlanning.AgendaPage>? next)
    {
        public AgendaPlanning.AgendaPage Page => page;

        public Task<AgendaPlanning.AgendaPage>? Next => next;

        public int At { get; set; }
    }
}
