using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Studio;

namespace Chronos.Core.Contracts;

/// <summary>One header, or one property of a message.</summary>
public sealed record StudioField(string Name, string Value);

/// <summary>A request, or a message, as it left. Free of secrets.</summary>
/// <param name="Protocol">The section's name: webhook, grpc, kafka, nats, rabbitmq.</param>
/// <param name="Method">The HTTP method, or what is done with the message: call, produce, publish, request.</param>
/// <param name="Address">Where it went.</param>
/// <param name="Properties">What a message has besides headers: its key, its partition, its priority.</param>
/// <param name="Body">The beginning of the body where it is text.</param>
/// <param name="BodyBytes">How long the whole body is.</param>
public sealed record StudioSent(
    string Protocol, string Method, string Address, ImmutableArray<StudioField> Properties, ImmutableArray<StudioField> Headers, string? Body, int BodyBytes);

/// <summary>What came back. Free of secrets.</summary>
/// <param name="StatusCode">Of HTTP or gRPC, or what a broker said; absent when nothing came back or its protocol has none.</param>
/// <param name="Version">Of HTTP.</param>
/// <param name="Body">At most 4 KB, where it is text.</param>
/// <param name="Facts">What the broker said of the message: topic, partition and offset, stream and sequence.</param>
public sealed record StudioResponse(
    int? StatusCode, string? Version, ImmutableArray<StudioField> Headers, string? ContentType, string? Body, int BodyBytes, ImmutableSortedDictionary<string, string> Facts);

/// <summary>Where the time went, in milliseconds. A step that was not made, or cannot be seen from outside a client library, is absent.</summary>
/// <param name="DnsMs">Until the name was an address.</param>
/// <param name="ConnectMs">From there until TCP stood.</param>
/// <param name="TlsMs">From there until TLS stood.</param>
/// <param name="FirstByteMs">From a connection that stands, to the first byte of the answer.</param>
/// <param name="TotalMs">All of it.</param>
public sealed record StudioTimings(double? DnsMs, double? ConnectMs, double? TlsMs, double? FirstByteMs, double TotalMs);

/// <summary>The connection that was made.</summary>
/// <param name="Remote">Address and port that the name led to.</param>
public sealed record StudioConnection(string? Remote, string? Tls, string? Cipher, string? Certificate);

/// <summary>One request that somebody tried in the studio, and what came of it.</summary>
/// <param name="By">Who tried it.</param>
/// <param name="Failure">Its class, in the words of <c>retry.retry_on</c>; none when it succeeded.</param>
/// <param name="Sent">The requests in their order: more than one when a redirect was followed, none when it could not be made.</param>
/// <param name="Document">A job that sends the same; credentials that were written into the request are references to secrets.</param>
/// <param name="Secrets">The secrets that the nodes need for it: those in the place of credentials, and those that came with the request.</param>
/// <param name="LimitMs">After this the request would have been given up.</param>
public sealed record StudioExchange(
    string Id, DateTimeOffset At, string By, bool Succeeded, string Failure, string? Error, ImmutableArray<StudioSent> Sent, StudioResponse Response,
    StudioTimings Timings, StudioConnection Connection, JsonElement Document, ImmutableArray<StudioSecret> Secrets, double LimitMs);
