using System.Text.Json.Serialization;
using Chronos.Core.Scheduling;

namespace Chronos.Actors.Projections;

/// <summary>How the ledger writes what it keeps as JSON.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(List<StoredAttempt>))]
[JsonSerializable(typeof(ScheduleSpec))]
internal sealed partial class LedgerJson : JsonSerializerContext;
