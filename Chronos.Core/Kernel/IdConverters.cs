using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chronos.Core.Kernel;

/// <summary>Writes an identity as its bare string and reads it back; also as a property name of a map.</summary>
public abstract class StringValueConverter<T> : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        From(reader.GetString() ?? throw new JsonException("a string is expected"));

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Text(value));

    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => From(reader.GetString()!);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(Text(value));

    protected abstract T From(string text);

    protected abstract string Text(T value);
}

internal sealed class TenantIdConverter : StringValueConverter<TenantId>
{
    protected override TenantId From(string text) => new(Pool<string>.Of(text));

    protected override string Text(TenantId value) => value.Value;
}

internal sealed class JobIdConverter : StringValueConverter<JobId>
{
    protected override JobId From(string text) => new(text);

    protected override string Text(JobId value) => value.Value;
}

internal sealed class ExecutionIdConverter : StringValueConverter<ExecutionId>
{
    protected override ExecutionId From(string text) => new(text);

    protected override string Text(ExecutionId value) => value.Value;
}

internal sealed class PrincipalConverter : StringValueConverter<Principal>
{
    protected override Principal From(string text) => new(text);

    protected override string Text(Principal value) => value.Name;
}
