using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chronos.Core.Jobs;

/// <summary>Embeds the job document in events and messages as what it is, so that the journal reads like the API.</summary>
public sealed class JobDocumentConverter : JsonConverter<JobDefinition>
{
    public override JobDefinition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JobDocument.ReadStored(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, JobDefinition value, JsonSerializerOptions options) => JobDocumentWriter.Write(writer, value);
}
