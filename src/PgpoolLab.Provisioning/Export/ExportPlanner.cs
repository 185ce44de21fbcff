using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Export;

/// <summary>Decides what of a lab another engine is told, and refuses what it cannot be told.</summary>
/// <param name="target">The engine.</param>
/// <param name="leftOut">Settings that the user can do without there, as <c>pgpool.NAME</c> or
/// <c>postgresql.NAME</c>.</param>
public sealed class ExportPlanner(ExportTarget target, IReadOnlyCollection<string> leftOut)
{
    /// <summary>The option that leaves a setting out.</summary>
    public const string LeaveOut = "--leave-out";

    private const string Synchronous = "synchronous_standby_names";
    private const string Delay = "recovery_min_apply_delay";
    private const string Preload = "shared_preload_libraries";
    private const int OldestImage = 14;

    private readonly List<SpecProblem> _problems = [];
    private readonly List<string> _differences = [];

    /// <summary>Decides.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="settings">What was asked for of its servers.</param>
    /// <exception cref="InvalidSpecException">The engine cannot be told something; every such thing is
    /// named.</exception>
    public ExportedLab Plan(Lab lab, LabSettings settings)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(settings);
        RequireKind(lab);
        if (_problems.Count == 0)
        {
            RequireWays(lab);
        }

        var postgres = PostgresOf(lab, settings);
        var pgpool = PgpoolOf(lab, settings);
        RequireKnown(settings);
        var sync = SyncOf(lab, settings);
        if (_problems.Count > 0)
        {
            throw new InvalidSpecException(_problems);
        }

        var exported = new ExportedLab
        {
            Lab = lab,
            Target = target,
            Name = ExportedLab.NameOf(lab),
            PostgresSettings = [.. postgres.Where(s => s.Key is not (Synchronous or Preload) || !IsKubernetes)],
            PgpoolSettings = pgpool,
            Libraries = [.. Words(postgres.FirstOrDefault(s => s.Key == Preload).Value)],
            Sync = sync,
            Differences = _differences,
        };
        Compare(exported);
        return WithConnections(exported);
    }

    private bool IsKubernetes => target is ExportTarget.Kubernetes;

    private string Engine => IsKubernetes ? "CloudNativePG" : "the exported Compose file";

    /// <summary>What kind of lab it is.</summary>
    private void RequireKind(Lab lab)
    {
        if (lab.PgpoolSetup is not null)
        {
            _problems.Add(
                $"The lab '{lab.Name}' was made by an old command line (pgpool_setup), whose files are its own; only "
                    + "labs of pgpoollab setup are exported. Make one:  pgpoollab setup DIR"
            );
        }
        else if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            Refuse(
                SpecField.Mode,
                lab.Mode.Letter(),
                $"{lab.Mode.Title()} cannot be exported: {Engine} replicates by streaming alone.",
                $"Make a lab with {SpecField.Mode} streaming, and export that."
            );
        }
        else if (lab.HasWatchdog)
        {
            Refuse(
                SpecField.Watchdog,
                $"{lab.Pgpools.Count}",
                IsKubernetes
                    ? "Pgpool-IIs in Kubernetes have no watchdog: they never fail over, a Deployment starts them "
                        + "again, and a Service is their one address."
                    : "the exported Compose file has one Pgpool-II, which never fails over.",
                $"Make a lab without {SpecField.Watchdog}, and export that."
            );
        }
    }

    /// <summary>How it was asked for.</summary>
    private void RequireWays(Lab lab)
    {
        if (lab.Standbys is StandbyMethod.Clone)
        {
            _problems.Add(
                $"--standbys clone: {Engine} makes standbys by pg_basebackup. Make a lab without it, and export that."
            );
        }

        if (lab.Auth is not AuthMethod.ScramSha256)
        {
            Refuse(
                SpecField.Auth,
                lab.Auth.Setting(),
                "the exported servers ask every client for a password by scram-sha-256.",
                $"Make a lab with {SpecField.Auth} scram, and export that."
            );
        }

        foreach (var argument in lab.InitDbArguments)
        {
            Refuse(
                SpecField.InitDbArguments,
                argument,
                IsKubernetes
                    ? "CloudNativePG calls initdb itself; fields below bootstrap.initdb in cluster.yaml choose locale, "
                        + "encoding and checksums."
                    : "the image calls initdb itself, with what POSTGRES_INITDB_ARGS in compose.yaml says.",
                $"Make a lab without {SpecField.InitDbArguments}, export that, and edit the file."
            );
        }

        if (IsKubernetes && lab.Tools.Postgres.Major < OldestImage)
        {
            Refuse(
                SpecField.PostgresVersion,
                $"{lab.Tools.Postgres.Major}",
                $"CloudNativePG's images begin with PostgreSQL {OldestImage}.",
                $"Make a lab with {SpecField.PostgresVersion} {OldestImage} or later, and export that."
            );
        }

        if (!IsKubernetes && lab.UseTls)
        {
            Refuse(
                SpecField.Tls,
                null,
                "the certificates of the lab's own authority are for this machine, and the exported Compose file has "
                    + "none.",
                $"Make a lab without {SpecField.Tls}; or export to kubernetes, where every connection has TLS."
            );
        }

        if (!IsKubernetes && lab.ListenAddresses.Count > 0)
        {
            Refuse(
                SpecField.Listen,
                string.Join(",", lab.ListenAddresses),
                "ports of the exported Compose file are on 127.0.0.1 alone, as it has no TLS.",
                $"Make a lab without {SpecField.Listen}, and export that."
            );
        }
    }

    /// <summary>PostgreSQL's settings, which must be the same on every node.</summary>
    private List<KeyValuePair<string, string>> PostgresOf(Lab lab, LabSettings settings)
    {
        var taken = new List<KeyValuePair<string, string>>();
        foreach (var name in settings.Nodes.SelectMany(n => n.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            var full = $"{SettingAssignment.Postgres}.{name}";
            var values = settings.Nodes.Select(n => n.GetValueOrDefault(name)).ToArray();
            if (name == Delay)
            {
                RequireNoDelay(values);
            }
            else if (leftOut.Contains(full))
            {
                _differences.Add($"{full} is left out, as {LeaveOut} says.");
            }
            else if (WhyNot(lab, name, values) is { } refused)
            {
                RefuseSetting(full, refused.Value, refused.Why);
            }
            else if (name != Synchronous && values.Distinct().Count() > 1)
            {
                var each = string.Join(", ", values.Select((v, i) => $"node {i} has {v ?? "the default"}"));
                _problems.Add(
                    $"{full} is not the same on every node: {each}. Set it on all:  pgpoollab config set {full}=VALUE"
                );
            }
            else if (values[0] is { } value)
            {
                taken.Add(new(name, value));
            }
        }

        return taken;
    }

    /// <summary>Why a setting cannot be taken over, and the value that is the reason.</summary>
    private (string Why, string Value)? WhyNot(Lab lab, string name, string?[] values) =>
        values
            .OfType<string>()
            .Select(v => (PostgresSettingRules.WhyNot(target, name, v, lab.Root), v))
            .FirstOrDefault(w => w.Item1 is not null)
            is ({ } why, var value)
            ? (why, value)
            : null;

    private void RequireNoDelay(string?[] values)
    {
        foreach (var (value, node) in values.Select((v, i) => (v, i)).Where(d => d.v is not (null or "0")))
        {
            _problems.Add(
                $"lag {node} {value}: a standby that replays later cannot be exported: {Engine} has one setting for "
                    + $"all nodes. First:  pgpoollab lag {node} off"
            );
        }
    }

    private List<KeyValuePair<string, string>> PgpoolOf(Lab lab, LabSettings settings)
    {
        var taken = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in settings.Pgpool.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var full = $"{SettingAssignment.Pgpool}.{name}";
            if (leftOut.Contains(full))
            {
                _differences.Add($"{full} is left out, as {LeaveOut} says.");
            }
            else if (
                (PgpoolSettingRules.WhyNot(target, name, value) ?? LabSettings.OfFolder(value, lab.Root)) is { } reason
            )
            {
                RefuseSetting(full, value, reason);
            }
            else
            {
                taken.Add(new(name, value));
            }
        }

        return taken;
    }

    private void Refuse(SpecField field, string? value, string why, FormattableString instead) =>
        _problems.Add(new($"{field}{(value is null ? "" : $" {value}")}: {why} {new SpecProblem(instead)}"));

    private void RefuseSetting(string setting, string value, string reason)
    {
        var why = $"{setting}={value} cannot be exported: {reason}";
        _problems.Add(new($"{SpecField.Settings} {why} To do without it:  {LeaveOut} {setting}"));
    }

    /// <summary>What is to be left out must be there: a slip of the pen would leave out nothing.</summary>
    private void RequireKnown(LabSettings settings)
    {
        foreach (
            var name in leftOut.Except(
                settings
                    .Pgpool.Keys.Select(k => $"{SettingAssignment.Pgpool}.{k}")
                    .Concat(settings.Nodes.SelectMany(n => n.Keys).Select(k => $"{SettingAssignment.Postgres}.{k}"))
            )
        )
        {
            _problems.Add(
                $"{LeaveOut} {name}: the lab sets no such setting. It must be pgpool.NAME or postgresql.NAME, of a "
                    + "setting that was given with --set or config set."
            );
        }
    }

    private ExportedSync? SyncOf(Lab lab, LabSettings settings)
    {
        var values = settings.Nodes.Select(n => n.GetValueOrDefault(Synchronous)).ToArray();
        if (
            leftOut.Contains($"{SettingAssignment.Postgres}.{Synchronous}")
            || SynchronousStandbys.Parse(values[0]) is not { } standbys
        )
        {
            return null;
        }

        var counting = lab.Nodes.Count(n => standbys.Count(n.ApplicationName));
        if (IsKubernetes && (counting < lab.Nodes.Count - 1 || standbys.Required > lab.Nodes.Count - 1))
        {
            _problems.Add(
                $"sync (postgresql.{Synchronous}={values[0]}): CloudNativePG chooses among all standbys itself; "
                    + "single ones cannot be named. First:  pgpoollab sync on"
            );
        }

        return new ExportedSync(
            values[0]!.TrimStart().StartsWith("ANY", StringComparison.OrdinalIgnoreCase),
            standbys.Required
        );
    }

    /// <summary>Says what is there in another way.</summary>
    private void Compare(ExportedLab exported)
    {
        var lab = exported.Lab;
        if (exported.Name != lab.Name)
        {
            _differences.Add($"Everything is called {exported.Name}, after the lab's name as DNS takes it.");
        }

        if (lab.UseTls)
        {
            _differences.Add(
                "--tls: every connection has TLS. The certificates are CloudNativePG's, and Pgpool-II's own; none "
                    + "is of the lab's authority, and clients that verify need another root certificate."
            );
        }

        if (lab.ListenAddresses.Count > 0)
        {
            _differences.Add(
                $"--listen {string.Join(",", lab.ListenAddresses)}: the Service is reachable inside the Kubernetes "
                    + "cluster alone. To open it, make it a LoadBalancer or NodePort."
            );
        }

        if (!lab.UseSlots)
        {
            _differences.Add(
                "The lab's standbys restore WAL from archives in its folder; here each has a replication slot instead."
            );
        }

        foreach (var (name, value) in exported.PostgresSettings.Where(s => IsOtherLocale(s.Key, s.Value)))
        {
            _differences.Add($"postgresql.{name} is {value}: the image must have this locale, or no node starts.");
        }

        if (!exported.Libraries.All(l => l is "auto_explain" or "pg_stat_statements"))
        {
            _differences.Add(
                $"postgresql.{Preload} is {string.Join(", ", exported.Libraries)}: the image must have these libraries."
            );
        }
    }

    private static bool IsOtherLocale(string name, string value) =>
        name is "lc_messages" or "lc_monetary" or "lc_numeric" or "lc_time"
        && value.ToLowerInvariant()
            is not ("" or "c" or "posix" or "c.utf-8" or "c.utf8" or "en_us.utf-8" or "en_us.utf8");

    /// <summary>Both engines have another number of Pgpool-IIs than the lab.</summary>
    private ExportedLab WithConnections(ExportedLab exported)
    {
        const string name = "max_connections";
        const int byDefault = 100;
        var needed = exported.NeededConnections;
        if (exported.PostgresSettings.FirstOrDefault(s => s.Key == name).Value is { } asked)
        {
            if (int.TryParse(asked, out var number) && number < needed)
            {
                _differences.Add(
                    $"postgresql.{name} is {number}; {exported.Pgpools} Pgpool-II(s) may open up to {needed} sessions "
                        + "with these settings, and clients are refused then."
                );
            }

            return exported;
        }

        return needed > byDefault
            ? exported with
            {
                PostgresSettings =
                [
                    .. exported
                        .PostgresSettings.Append(new(name, $"{needed}"))
                        .OrderBy(s => s.Key, StringComparer.Ordinal),
                ],
            }
            : exported;
    }

    private static IEnumerable<string> Words(string? list) =>
        (list ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(w => w.Trim('"', '\''));
}
