using Akka.Actor;

namespace Chronos.Actors.Kernel;

/// <summary>Props for actors that are started by the thousand.</summary>
/// <remarks>
/// <c>Props.Create(() =&gt; new X(…))</c> compiles an expression tree for each argument, each time: about 2 ms of an entity's start.
/// </remarks>
internal static class EntityProps
{
    public static Props Of<TActor>(Func<TActor> make)
        where TActor : ActorBase => Props.CreateBy(new Producer<TActor>(make));

    private sealed class Producer<TActor>(Func<TActor> make) : IIndirectActorProducer
        where TActor : ActorBase
    {
        public Type ActorType => typeof(TActor);

        public ActorBase Produce() => make();

        public void Release(ActorBase actor)
        {
        }
    }
}
