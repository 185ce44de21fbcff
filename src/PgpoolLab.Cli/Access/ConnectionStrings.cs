using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Access;

/// <summary>Where a server listens.</summary>
/// <param name="Host">Its address.</param>
/// <param name="Port">Its port.</param>
internal readonly record struct Place(string Host, int Port)
{
    /// <summary>As a URI has it: RFC 3986 puts an IPv6 address into brackets.</summary>
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>How a program reaches one server of a lab. There is no password in it.</summary>
/// <param name="Name">pgpool, pgpool1 …, node0, node1 …</param>
/// <param name="Host">A folder of sockets, or a name.</param>
/// <param name="Port">Its port.</param>
/// <param name="Database">The database.</param>
/// <param name="User">The lab's user.</param>
/// <param name="PasswordFile">A file as libpq's <c>passfile</c>; null when no password is asked.</param>
/// <param name="TlsAuthority">The certificate of the lab's own authority; null without TLS.</param>
internal sealed record Endpoint(
    string Name,
    string Host,
    int Port,
    string Database,
    string User,
    string? PasswordFile,
    string? TlsAuthority
)
{
    /// <summary>All servers of which any will do; null for one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Place>? Places { get; init; }

    /// <summary>For libpq and the many drivers that read its URIs: PostgreSQL manual, "Connection URIs".</summary>
    public string Uri
    {
        get
        {
            string[] parameters =
            [
                .. IsSocket ? (string[])[$"host={Escape(Host)}", $"port={Port}"] : [],
                .. PasswordFile is null ? [] : (string[])[$"passfile={Escape(PasswordFile)}"],
                .. HasTls ? (string[])["sslmode=verify-full", $"sslrootcert={Escape(TlsAuthority!)}"] : [],
            ];
            return $"postgresql://{Escape(User)}@{(IsSocket ? "" : Where)}/{Escape(Database)}"
                + (parameters.Length > 0 ? "?" : "")
                + string.Join('&', parameters);
        }
    }

    /// <summary>For Java's driver, which knows no sockets; it takes the password from the file that PGPASSFILE
    /// names.</summary>
    public string Jdbc =>
        $"jdbc:postgresql://{(IsSocket ? $"localhost:{Port}" : Where)}/{Escape(Database)}?user={Escape(User)}"
        + (TlsAuthority is null ? "" : $"&sslmode=verify-full&sslrootcert={Escape(TlsAuthority)}");

    /// <summary>For .NET's driver.</summary>
    public string Npgsql
    {
        get
        {
            (string Key, string? Value)[] pairs =
            [
                ("Host", Places is null ? Host : string.Join(',', Places)),
                ("Port", Places is null ? $"{Port}" : null),
                ("Database", Database),
                ("Username", User),
                ("Passfile", PasswordFile),
                ("SSL Mode", HasTls ? "VerifyFull" : null),
                ("Root Certificate", HasTls ? TlsAuthority : null),
            ];
            return string.Join(';', pairs.Where(p => p.Value is not null).Select(p => $"{p.Key}={Quote(p.Value!)}"));
        }
    }

    /// <summary>A section of a pg_service.conf: PostgreSQL manual, "The Connection Service File".</summary>
    [JsonIgnore]
    public string Service =>
        $"[{Name}]\nhost={string.Join(',', All.Select(p => p.Host))}\n"
        + $"port={string.Join(',', All.Select(p => p.Port))}\n"
        + $"dbname={Database}\nuser={User}\n"
        + (PasswordFile is null ? "" : $"passfile={PasswordFile}\n")
        + (!HasTls ? "" : $"sslmode=verify-full\nsslrootcert={TlsAuthority}\n");

    private IReadOnlyList<Place> All => Places ?? [new Place(Host, Port)];

    private string Where => string.Join(',', All);

    /// <summary>By a unix socket there is none.</summary>
    private bool HasTls => TlsAuthority is not null && !IsSocket;

    private bool IsSocket => Host.StartsWith('/');

    /// <summary>Every server of a lab, Pgpool-II first.</summary>
    internal static IReadOnlyList<Endpoint> Of(Lab lab) =>
        [
            .. lab.PgpoolsInReach()
                .Select(
                    (p, i) =>
                        Of(
                            lab,
                            i == 0 ? "pgpool" : $"pgpool{p.Id}",
                            p.SocketDirectories.Count > 0 ? p.SocketDirectories[0] : "localhost",
                            p.Port
                        )
                ),
            .. lab.NodesInReach()
                .Select(n => Of(lab, $"node{n.Id}", lab.HasPrivateSockets ? lab.SocketFolder : "localhost", n.Port)),
        ];

    private static Endpoint Of(Lab lab, string name, string host, int port) =>
        new(
            name,
            host,
            port,
            Lab.Database,
            lab.Owner,
            lab.Asks ? lab.Pgpool.Paths.PgPass : null,
            lab.UseTls ? lab.Pgpool.Paths.TlsAuthority : null
        );

    private static string Escape(string text) => System.Uri.EscapeDataString(text);

    /// <summary>Quoted where it must be: .NET manual, "Connection string syntax".</summary>
    private static string Quote(string text) =>
        text.AsSpan().ContainsAny(";'\"= ") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}

/// <summary>What <c>env --format</c> prints.</summary>
internal static class ConnectionStrings
{
    internal static readonly string[] Formats = ["uri", "jdbc", "npgsql", "service", "json"];

    /// <summary>One server's, or a line for each.</summary>
    internal static string Text(IReadOnlyList<Endpoint> endpoints, string format, bool isOne) =>
        format switch
        {
            "json" => JsonSerializer.Serialize(endpoints, EndpointJson.Readable.IReadOnlyListEndpoint) + "\n",
            "service" => string.Join('\n', endpoints.Select(e => e.Service)),
            _ => string.Concat(endpoints.Select(e => $"{(isOne ? "" : $"{e.Name, -8} ")}{Of(e, format)}\n")),
        };

    private static string Of(Endpoint endpoint, string format) =>
        format switch
        {
            "jdbc" => endpoint.Jdbc,
            "npgsql" => endpoint.Npgsql,
            _ => endpoint.Uri,
        };
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<Endpoint>))]
internal sealed partial class EndpointJson : JsonSerializerContext
{
    internal static EndpointJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
