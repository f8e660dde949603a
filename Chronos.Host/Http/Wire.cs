using System.Text.Json;
using System.Text.Json.Serialization;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Host.Http;

/// <summary>Instants in answers: RFC 3339 in UTC.</summary>
internal sealed class InstantConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Rfc3339.TryParse(reader.GetString(), out var at) ? at : throw new JsonException("no instant");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(Rfc3339.Format(value));
}

/// <summary>Failures in answers: the words of <c>retry.retry_on</c>.</summary>
internal sealed class FailureConverter : JsonConverter<FailureClass>
{
    public override FailureClass Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("failures are only written");

    public override void Write(Utf8JsonWriter writer, FailureClass value, JsonSerializerOptions options) => writer.WriteStringValue(JobDocumentWords.Of(value));
}

/// <summary>Enumerations in answers: lower snake_case words.</summary>
internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
