using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>A lab's own certificate authority and the certificate of its servers, as PEM. The authority's key is
/// forgotten at once: nobody can ever sign another certificate that clients of this lab would believe.</summary>
/// <param name="Authority">The authority's certificate.</param>
/// <param name="Server">The servers' certificate.</param>
/// <param name="ServerKey">The key to it.</param>
/// <remarks>PostgreSQL manual, "Secure TCP/IP Connections with SSL"; RFC 5280.</remarks>
public sealed record LabCertificates(string Authority, string Server, string ServerKey)
{
    private const int Years = 10;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Everything clients may call the lab's servers.</summary>
    public static IReadOnlyList<string> NamesOf(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        string[] elsewhere =
            lab.ListenAddresses.Count > 0
                ? [Dns.GetHostName(), .. lab.ListenAddresses.Contains("*") ? OwnAddresses() : lab.ListenAddresses]
                : [];
        string[] shared = lab.VirtualIp is { } ip ? [VirtualIp.AddressOf(ip)] : [];
        return (
            (string[])["localhost", "127.0.0.1", "::1", .. elsewhere, .. lab.Hosts.Select(h => h.Address), .. shared]
        )
            .Where(n => n is not ("*" or "0.0.0.0" or "::"))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToArray();
    }

    /// <summary>Makes new ones, valid from a day ago for ten years.</summary>
    public static LabCertificates Make(Lab lab, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var (from, until) = (now.AddDays(-1), now.AddYears(Years));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest(
            new X500DistinguishedName($"CN=pgpoollab {lab.Id} authority"),
            authorityKey,
            HashAlgorithmName.SHA256
        );
        authorityRequest.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: true,
                hasPathLengthConstraint: true,
                pathLengthConstraint: 0,
                critical: true
            )
        );
        authorityRequest.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true)
        );
        authorityRequest.CertificateExtensions.Add(
            new X509SubjectKeyIdentifierExtension(authorityRequest.PublicKey, critical: false)
        );
        using var authority = authorityRequest.CreateSelfSigned(from, until);

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serverRequest = new CertificateRequest(
            new X500DistinguishedName($"CN=pgpoollab {lab.Id}"),
            serverKey,
            HashAlgorithmName.SHA256
        );
        serverRequest.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: false,
                hasPathLengthConstraint: false,
                pathLengthConstraint: 0,
                critical: true
            )
        );
        serverRequest.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true)
        );
        serverRequest.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false)
        );
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in NamesOf(lab))
        {
            if (IPAddress.TryParse(name, out var address))
            {
                names.AddIpAddress(address);
                // libpq before PostgreSQL 15 looks for an address among the names alone.
                names.AddDnsName(name);
            }
            else
            {
                names.AddDnsName(name);
            }
        }

        serverRequest.CertificateExtensions.Add(names.Build());
        serverRequest.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                authority,
                includeKeyIdentifier: true,
                includeIssuerAndSerial: false
            )
        );
        using var server = serverRequest.Create(authority, from, until, RandomNumberGenerator.GetBytes(16));
        return new LabCertificates(
            authority.ExportCertificatePem() + "\n",
            server.ExportCertificatePem() + "\n",
            serverKey.ExportPkcs8PrivateKeyPem() + "\n"
        );
    }

    private static string[] OwnAddresses() =>
        System
            .Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Where(a => !a.Address.IsIPv6LinkLocal && !IPAddress.IsLoopback(a.Address))
            .Select(a => a.Address.ToString())
            .ToArray();
}
