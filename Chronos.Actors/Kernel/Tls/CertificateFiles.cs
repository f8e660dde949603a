using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Chronos.Actors.Kernel.Tls;

/// <summary>Where a certificate, its key and the authorities that others are checked against lie, as PEM.</summary>
/// <param name="Certificate">The certificate, and after it what it was signed by, if there is anything between it and the authority.</param>
/// <param name="Authority">One or more authorities; absent: those that the system trusts.</param>
public sealed record CertificatePaths(string Certificate, string Key, string? Authority);

/// <summary>Which of the files is wrong, and why; nothing of what is in them.</summary>
public sealed record CertificateFault(CertificatePart Part, string Message);

/// <summary>The files of a certificate.</summary>
public enum CertificatePart
{
    Certificate,
    Key,
    Authority,
}

/// <summary>What a certificate is for.</summary>
public enum CertificateUse
{
    /// <summary>The server's side alone.</summary>
    Server,

    /// <summary>Both sides: nodes call each other.</summary>
    Peer,
}

/// <summary>
/// A certificate that is exchanged while the node runs: each new connection takes what the files say at that time. Files that do not fit
/// together, as in the moment between two that are replaced, change nothing.
/// </summary>
/// <remarks>
/// Contents are compared, not times: where files are mounted, the name that is watched is a link to a folder that is exchanged, and its own
/// time never changes. They are looked at when a connection is made, at most once a second.
/// </remarks>
public sealed class CertificateFiles
{
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    private readonly CertificatePaths _paths;
    private readonly CertificateUse _use;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private TlsMaterial _current;
    private byte[] _seen;
    private long _looked;

    private CertificateFiles(CertificatePaths paths, CertificateUse use, TimeProvider time, TlsMaterial current, byte[] seen) =>
        (_paths, _use, _time, _current, _seen, _looked) = (paths, use, time, current, seen, time.GetTimestamp());

    /// <summary>Told when the files changed: what became of it, in a sentence, and whether it was taken.</summary>
    public Action<string, bool>? Changed { get; set; }

    /// <summary>What the files say, or said when they last fitted together.</summary>
    public TlsMaterial Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_looked) >= Glance)
                {
                    _looked = _time.GetTimestamp();
                    Look();
                }

                return _current;
            }
        }
    }

    /// <summary>What was read last, without looking whether there is anything newer.</summary>
    public TlsMaterial Known => Volatile.Read(ref _current);

    public static bool TryOpen(
        CertificatePaths paths, CertificateUse use, TimeProvider time, [NotNullWhen(true)] out CertificateFiles? files, [NotNullWhen(false)] out CertificateFault? fault)
    {
        files = null;
        if (!TryRead(paths, out var bytes, out fault) || !TlsMaterial.TryMake(bytes, use, time, out var material, out fault))
        {
            return false;
        }

        files = new CertificateFiles(paths, use, time, material, Mark(bytes));
        return true;
    }

    private void Look()
    {
        if (!TryRead(_paths, out var bytes, out var fault))
        {
            Refuse([], fault);
            return;
        }

        var mark = Mark(bytes);
        if (CryptographicOperations.FixedTimeEquals(mark, _seen))
        {
            return;
        }

        if (!TlsMaterial.TryMake(bytes, _use, _time, out var material, out fault))
        {
            Refuse(mark, fault);
            return;
        }

        (_current, _seen) = (material, mark);
        Changed?.Invoke($"new connections use {material}, read from {_paths.Certificate}", true);
    }

    /// <summary>Said once for each state of the files, not each second.</summary>
    private void Refuse(byte[] mark, CertificateFault fault)
    {
        if (!CryptographicOperations.FixedTimeEquals(mark, _seen))
        {
            _seen = mark;
            Changed?.Invoke($"{PathOf(fault.Part)} has changed and is not taken: {fault.Message}; new connections still use {_current}", false);
        }
    }

    private string PathOf(CertificatePart part) => part switch
    {
        CertificatePart.Key => _paths.Key,
        CertificatePart.Authority => _paths.Authority ?? "",
        _ => _paths.Certificate,
    };

    private static bool TryRead(CertificatePaths paths, out PemFiles files, [NotNullWhen(false)] out CertificateFault? fault)
    {
        files = new PemFiles("", "", null);
        var part = CertificatePart.Certificate;
        try
        {
            var certificate = File.ReadAllText(paths.Certificate);
            part = CertificatePart.Key;
            var key = File.ReadAllText(paths.Key);
            part = CertificatePart.Authority;
            files = new PemFiles(certificate, key, paths.Authority is { } authority ? File.ReadAllText(authority) : null);
            fault = null;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            fault = new CertificateFault(part, e.Message);
            return false;
        }
    }

    private static byte[] Mark(PemFiles files) =>
        SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{files.Certificate.Length}:{files.Certificate}{files.Key.Length}:{files.Key}{files.Authority}"));
}
