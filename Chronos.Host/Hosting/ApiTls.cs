using System.Net.Security;
using System.Security.Authentication;
using Chronos.Actors.Kernel.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Chronos.Host.Hosting;

/// <summary>HTTPS of the API: each connection is shown the certificate that the files hold at that time.</summary>
internal static class ApiTls
{
    public static void UseCertificates(this KestrelServerOptions kestrel, CertificateFiles certificates)
    {
        var log = kestrel.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Chronos.Host.Tls");
        certificates.Changed = (text, taken) => log.Log(taken ? LogLevel.Information : LogLevel.Warning, "Certificate of the API: {Change}", text);

        // A callback per connection, and not a fixed certificate: that alone sends the whole chain of the moment.
        kestrel.ConfigureEndpointDefaults(listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificates.Current.Context,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            }),
        }));
    }
}
