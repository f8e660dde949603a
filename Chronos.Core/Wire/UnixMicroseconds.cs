using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chronos.Core.Wire;

/// <summary>An instant as microseconds since 1970-01-01T00:00:00Z: short and exact enough for the journal.</summary>
public sealed class UnixMicroseconds : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.UnixEpoch.AddTicks(reader.GetInt64() * TimeSpan.TicksPerMicrosecond);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(Of(value));

    public static long Of(DateTimeOffset value) => (value - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
