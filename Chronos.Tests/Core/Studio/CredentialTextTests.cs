using Chronos.Core.Studio;
using Xunit;

namespace Chronos.Tests.Core.Studio;

public sealed class CredentialTextTests
{
    [Theory]
    [InlineData("Authorization")]
    [InlineData("Set-Cookie")]
    [InlineData("X-Auth-Token")]
    [InlineData("client_secret")]
    [InlineData("apiKey")]
    [InlineData("X-Amz-Signature")]
    public void A_name_of_a_credential_hides_its_value(string name) => Assert.Equal("***", CredentialText.Mask(name, "value"));

    [Theory]
    [InlineData("Content-Type")]
    [InlineData("Idempotency-Key")]
    [InlineData("webhook-signature")]
    [InlineData("X-Chronos-Attempt")]
    public void Other_names_do_not(string name) => Assert.Equal("value", CredentialText.Mask(name, "value"));

    [Theory]
    [InlineData("https://me:hunter2@example.com/x", "https://***@example.com/x")]
    [InlineData("GET /x?a=1&api_key=hunter2&b=2", "GET /x?a=1&api_key=***&b=2")]
    [InlineData("https://example.com/x?key=hunter2", "https://example.com/x?key=***")]
    [InlineData("{\"access_token\": \"hunter2\", \"n\": 1}", "{\"access_token\": \"***\", \"n\": 1}")]
    [InlineData("{\"inner\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}", "{\"inner\":\"{\\\"password\\\":\\\"***\\\"}\"}")]
    [InlineData("said Bearer hunter2hunter2hunter2 and more", "said Bearer *** and more")]
    [InlineData("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl b", "a *** b")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----", "***")]
    public void What_looks_like_a_credential_is_hidden_in_any_text(string text, string expected) => Assert.Equal(expected, CredentialText.Mask(text));

    [Theory]
    [InlineData("{\"key\":\"order-7\",\"tokens\":3}")]
    [InlineData("the basic idea of a bearer is simple")]
    [InlineData("https://example.com/x?page=2&q=a%20b")]
    public void Other_text_stays(string text) => Assert.Equal(text, CredentialText.Mask(text));
}
