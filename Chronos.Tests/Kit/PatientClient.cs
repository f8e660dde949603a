using System.Net;
using System.Net.Http.Json;

namespace Chronos.Tests.Kit;

/// <summary>A caller as the API wants one.</summary>
internal static class PatientClient
{
    /// <summary>
    /// Posts below <c>/api/v1</c>, and once more under the same <c>Idempotency-Key</c> for as long as the answer is 503 with
    /// <c>Retry-After</c>: entities are on their way to another node.
    /// </summary>
    public static async Task<HttpResponseMessage> PostPatiently(this HttpClient http, string path, object body)
    {
        HttpResponseMessage? done = null;
        var key = Guid.NewGuid().ToString();
        await Eventually.True(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/" + path) { Content = JsonContent.Create(body), Headers = { { "Idempotency-Key", key } } };
                var answer = await http.SendAsync(request);
                if (answer is { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter: not null })
                {
                    answer.Dispose();
                    return false;
                }

                done = answer;
                return true;
            },
            TimeSpan.FromSeconds(60));
        return done!;
    }
}
