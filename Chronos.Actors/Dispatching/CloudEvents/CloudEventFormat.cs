using System.Text.Json;
using Chronos.Core.Dispatching.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Event = CloudNative.CloudEvents.CloudEvent;

namespace Chronos.Actors.Dispatching.CloudEvents;

/// <summary>The JSON event format: JSON data as JSON, any other text as a string, bytes as <c>data_base64</c>.</summary>
internal sealed class CloudEventFormat : JsonEventFormatter
{
    protected override void EncodeStructuredModeData(Event cloudEvent, Utf8JsonWriter writer)
    {
        var json = CloudEventRules.IsJson(cloudEvent.DataContentType ?? "application/json");
        switch (cloudEvent.Data)
        {
            case byte[] bytes when !json:
                writer.WriteBase64String(DataBase64PropertyName, bytes);
                break;
            case byte[] bytes:
                writer.WritePropertyName(DataPropertyName);
                using (var document = JsonDocument.Parse(bytes))
                {
                    document.RootElement.WriteTo(writer);
                }

                break;
            case string text when json:
                writer.WritePropertyName(DataPropertyName);
                using (var document = JsonDocument.Parse(text))
                {
                    document.RootElement.WriteTo(writer);
                }

                break;
            case var other:
                writer.WriteString(DataPropertyName, (string)other!);
                break;
        }
    }
}
