using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Diagnosis;
using Chronos.Core.Jobs;
using Chronos.Host.Admin;
using Chronos.Host.Calendars;
using Chronos.Host.Callbacks;
using Chronos.Host.Cluster;
using Chronos.Host.Executions;
using Chronos.Host.Jobs;
using Chronos.Host.Keys;
using Chronos.Host.Operations;
using Chronos.Host.Schedules;
using Chronos.Host.Studio;
using Chronos.Host.Targets;

namespace Chronos.Host.Http;

/// <summary>How every request and answer of the API is written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.Unspecified,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(InstantConverter), typeof(FailureConverter), typeof(WordConverter<ExecutionStatus>), typeof(WordConverter<ExecutionTrigger>),
        typeof(WordConverter<SkipReason>), typeof(WordConverter<PlanState>), typeof(WordConverter<PlanPhase>), typeof(WordConverter<SlotDisposition>), typeof(WordConverter<ProjectionState>),
        typeof(WordConverter<MisfireRule>), typeof(WordConverter<DeadLetterState>), typeof(WordConverter<ApplyAction>), typeof(WordConverter<FindingLevel>),
    ])]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(JobListView))]
[JsonSerializable(typeof(DryRunView))]
[JsonSerializable(typeof(TriggerBody))]
[JsonSerializable(typeof(PauseBody))]
[JsonSerializable(typeof(ResumeBody))]
[JsonSerializable(typeof(RevisionView))]
[JsonSerializable(typeof(RevisionListView))]
[JsonSerializable(typeof(DiffView))]
[JsonSerializable(typeof(ApplyView))]
[JsonSerializable(typeof(PreviewBody))]
[JsonSerializable(typeof(TimesView))]
[JsonSerializable(typeof(ExplainBody))]
[JsonSerializable(typeof(ExplainView))]
[JsonSerializable(typeof(WhyView))]
[JsonSerializable(typeof(SlotListView))]
[JsonSerializable(typeof(PlanHistoryView))]
[JsonSerializable(typeof(ExecutionBody))]
[JsonSerializable(typeof(ExecutionListView))]
[JsonSerializable(typeof(CallbackBody))]
[JsonSerializable(typeof(HeartbeatBody))]
[JsonSerializable(typeof(CallbackView))]
[JsonSerializable(typeof(OutputView))]
[JsonSerializable(typeof(DeadLetterView))]
[JsonSerializable(typeof(DeadLetterReplayBody))]
[JsonSerializable(typeof(DeadLetterManyBody))]
[JsonSerializable(typeof(DeadLetterManyView))]
[JsonSerializable(typeof(BackfillBody))]
[JsonSerializable(typeof(BackfillPlanView))]
[JsonSerializable(typeof(OperationView))]
[JsonSerializable(typeof(OperationListView))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(KeyResource))]
[JsonSerializable(typeof(NewKeyView))]
[JsonSerializable(typeof(KeyListView))]
[JsonSerializable(typeof(ClusterView))]
[JsonSerializable(typeof(DoctorView))]
[JsonSerializable(typeof(MemberListView))]
[JsonSerializable(typeof(MemberView))]
[JsonSerializable(typeof(MemberBody))]
[JsonSerializable(typeof(ShardListView))]
[JsonSerializable(typeof(TimetableListView))]
[JsonSerializable(typeof(StatsView))]
[JsonSerializable(typeof(ProjectionListView))]
[JsonSerializable(typeof(ProjectionView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(SeedNodesView))]
[JsonSerializable(typeof(LocalShardListView))]
[JsonSerializable(typeof(MemberMessage))]
[JsonSerializable(typeof(JoinBody))]
[JsonSerializable(typeof(ActorTreeView))]
[JsonSerializable(typeof(LogLevelView))]
[JsonSerializable(typeof(LogLevelBody))]
[JsonSerializable(typeof(LogListView))]
[JsonSerializable(typeof(EchoView))]
[JsonSerializable(typeof(CalendarBody))]
[JsonSerializable(typeof(AgendaView))]
[JsonSerializable(typeof(CalendarView))]
[JsonSerializable(typeof(CalendarListView))]
[JsonSerializable(typeof(CalendarImportView))]
[JsonSerializable(typeof(TargetView))]
[JsonSerializable(typeof(TargetListView))]
[JsonSerializable(typeof(StudioBody))]
[JsonSerializable(typeof(StudioExchange))]
[JsonSerializable(typeof(ImportBody))]
[JsonSerializable(typeof(ImportView))]
[JsonSerializable(typeof(ExchangeListView))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    private static ApiJson? _api;

    /// <summary>With text as it is: an answer is no part of a page, so quotes need no escapes beyond JSON's own.</summary>
    public static ApiJson Api => _api ??= new ApiJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
