using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using Chronos.Core.Calendars;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Tests.Laws;

/// <summary>Makes an instance of any wire type with every member set, always the same.</summary>
internal static class WireSample
{
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    private static readonly Dictionary<Type, object> Known = new()
    {
        [typeof(string)] = "text",
        [typeof(int)] = 3,
        [typeof(long)] = 4L,
        [typeof(double)] = 1.5,
        [typeof(bool)] = true,
        [typeof(DateTimeOffset)] = At,
        [typeof(TimeSpan)] = TimeSpan.FromSeconds(90),
        [typeof(byte[])] = "out"u8.ToArray(),
        [typeof(TenantId)] = TenantId.Default,
        [typeof(JobId)] = JobId.For(TenantId.Default, "sample"),
        [typeof(Principal)] = new Principal("ann"),
        [typeof(ExecutionId)] = ExecutionId.ForSlot(JobId.For(TenantId.Default, "sample"), new DateTimeOffset(2026, 3, 4, 5, 6, 0, TimeSpan.Zero)),
        [typeof(CalendarDefinition)] = new CalendarDefinition
        {
            Name = "holidays",
            Description = "text",
            Timezone = "Europe/Berlin",
            Mode = CalendarMode.Include,
            OnExcluded = OnExcluded.NextOpen,
            Weekly = [new CalendarWeekly(0x3E, 540, 1020)],
            Dates = [new CalendarDate(2026, 12, 24), new CalendarDate(null, 12, 25)],
            Ranges = [new CalendarRange(new DateTime(2026, 12, 24), new DateTime(2027, 1, 2), "text")],
            Imported = [new CalendarRange(new DateTime(2026, 12, 24, 12, 0, 0), new DateTime(2027, 1, 2), null)],
        },
        [typeof(JobDefinition)] = new JobDefinition
        {
            Name = "sample",
            Schedule = new ScheduleSpec { Cron = "0 2 * * *" },
            Timezone = "Europe/Berlin",
            Timeout = TimeSpan.FromSeconds(30),
            Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1/hook","method":"POST"}"""),
            Tags = ImmutableSortedDictionary<string, string>.Empty.Add("team", "data"),
            Payload = """{"a":1}""",
        },
    };

    public static object Of(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Of(inner);
        }

        if (Known.TryGetValue(type, out var known))
        {
            return known;
        }

        if (type.IsEnum)
        {
            return Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1)!;
        }

        if (type == typeof(TimetableItem))
        {
            return Of(typeof(ExecutionStarted));
        }

        if (type == typeof(RunningExecutions))
        {
            return RunningExecutions.Of([(RunningExecution)Of(typeof(RunningExecution))]);
        }

        if (type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type))
        {
            return Collection(type);
        }

        var constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        var made = constructor.Invoke([.. constructor.GetParameters().Select(p => Of(p.ParameterType))]);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite && IsUnset(p, made)))
        {
            property.SetValue(made, Of(property.PropertyType));
        }

        return made;
    }

    /// <summary>One of every kind of item, so that the fixture of the batch covers the closed family.</summary>
    public static ImmutableArray<TimetableItem> AllItems() =>
        [.. typeof(TimetableItem).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(TimetableItem))).OrderBy(t => t.Name, StringComparer.Ordinal).Select(t => (TimetableItem)Of(t))];

    private static bool IsUnset(PropertyInfo property, object made) =>
        property.GetValue(made) is not { } value
        || (property.PropertyType.IsValueType && value.Equals(Activator.CreateInstance(property.PropertyType)))
        || (value is IEnumerable items and not string && !items.GetEnumerator().MoveNext());

    private static object Collection(Type type)
    {
        var arguments = type.GetGenericArguments();
        var definition = type.GetGenericTypeDefinition();
        if (arguments.Length == 2)
        {
            var pair = (Key: Of(arguments[0]), Value: Of(arguments[1]));
            var empty = type.GetField("Empty")!.GetValue(null)!;
            return type.GetMethod("Add", [arguments[0], arguments[1]])!.Invoke(empty, [pair.Key, pair.Value])!;
        }

        if (arguments[0] == typeof(TimetableItem))
        {
            return AllItems();
        }

        var holder = definition == typeof(ImmutableArray<>) || definition == typeof(ImmutableList<>) || definition == typeof(IReadOnlyList<>)
            ? typeof(ImmutableArray) : throw new InvalidOperationException($"no sample for {type}");
        var array = Array.CreateInstance(arguments[0], 1);
        array.SetValue(Of(arguments[0]), 0);
        var maker = definition == typeof(ImmutableList<>) ? typeof(ImmutableList) : holder;
        return maker.GetMethods().Single(m => m.Name == "CreateRange" && m.GetParameters() is [var p] && p.ParameterType.IsGenericType
            && p.ParameterType.GetGenericTypeDefinition() == typeof(IEnumerable<>)).MakeGenericMethod(arguments[0]).Invoke(null, [array])!;
    }
}
