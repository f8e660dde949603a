using System.Text;
using System.Text.Json;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching.Callbacks;

/// <summary>What a target reports by callback, made fit for the journal and the output store as a response is: masked, one line, an excerpt.</summary>
public sealed class CallbackReports(ISecretSource source, IOutputStore outputs, TimeProvider time)
{
    private const int MaxExcerpt = 4096;

    /// <summary>The output as it is kept, and its excerpt.</summary>
    public CallbackOutput Output(CallbackReplies.Found found, CallbackToken token, JsonElement output)
    {
        var text = output.ValueKind == JsonValueKind.String ? output.GetString()! : JobDocumentText.Compact(output);
        var read = ResponseReader.Decode(
            Encoding.UTF8.GetBytes(text), truncated: false, new(output.ValueKind == JsonValueKind.String ? "text/plain" : "application/json"), MaskOf(found, token));
        return new CallbackOutput(ResponseReader.Excerpt(read.Text!, MaxExcerpt), read.Bytes, read.ContentType);
    }

    /// <summary>An output that was sent by itself, as it is kept.</summary>
    /// <param name="found">Whose it is by its token; null when somebody with a key sent it, who could read the secrets of no job anyhow.</param>
    public StoredOutput Upload(CallbackReplies.Found? found, CallbackToken? token, byte[] bytes, System.Net.Http.Headers.MediaTypeHeaderValue type)
    {
        var read = ResponseReader.Decode(bytes, truncated: false, type, found is null || token is null ? SecretMask.None : MaskOf(found, token));
        return new StoredOutput(read.ContentType, read.Bytes, time.GetUtcNow());
    }

    /// <summary>Keeps an output, and says whether it is kept.</summary>
    public Task<bool> KeepAsync(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output, CancellationToken cancellation) =>
        outputs.KeepAsync(tenant, execution, attempt, output, cancellation);

    /// <summary>A line of the target's.</summary>
    public string Line(CallbackReplies.Found found, CallbackToken token, string text) => HttpFailures.OneLine(MaskOf(found, token).Apply(text));

    /// <summary>Keeps the whole output where its excerpt does not say it all.</summary>
    public void Keep(CallbackReplies.Found found, CallbackOutput output)
    {
        if (output.Bytes.Length > Encoding.UTF8.GetByteCount(output.Excerpt))
        {
            outputs.Save(found.Tenant, found.Execution, found.Attempt, new StoredOutput(output.ContentType, output.Bytes, time.GetUtcNow()));
        }
    }

    /// <remarks>A secret that this node does not have cannot be masked here.</remarks>
    private SecretMask MaskOf(CallbackReplies.Found found, CallbackToken token) =>
        new([token.Text, .. found.Secrets.Select(name => source.Find(found.Tenant, name)).OfType<string>().Where(value => value.Length > 0)]);
}

/// <summary>An output that a target reported.</summary>
public sealed record CallbackOutput(string Excerpt, byte[] Bytes, string ContentType);
