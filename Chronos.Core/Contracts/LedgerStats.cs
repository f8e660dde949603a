using System.Collections.Immutable;
using Chronos.Core.Jobs;

namespace Chronos.Core.Contracts;

/// <summary>How many executions the ledger holds, by status, and how many slots were not run.</summary>
/// <param name="SlotsNotRun">Single slots and those in ranges.</param>
public sealed record LedgerStats(ImmutableSortedDictionary<ExecutionStatus, long> Executions, long SlotsNotRun);
