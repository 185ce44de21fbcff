using CsCheck;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>What programs and servers print is understood or not, and nothing else happens.</summary>
public sealed class ParserProperties
{
    private const string PostmasterPid =
        "4711\n/srv/lab/data0\n1795428963\n11002\n/var/run/postgresql\nlocalhost\n  11002   7\nready   \n";

    private const string ControlData = """
        pg_control version number:            1300
        Database cluster state:               in production
        Latest checkpoint location:           0/3000060
        Latest checkpoint's TimeLineID:       12
        Latest checkpoint's PrevTimeLineID:   11

        """;

    private const string WatchdogAnswer = """
        Watchdog Cluster Information
        Total Nodes              : 2
        Quorum state             : QUORUM EXIST
        Leader Host Name         : localhost:11000 Linux host

        Pgpool port        : 11000
        Status Name        : LEADER

        Pgpool port        : 11004
        Status Name        : STANDBY

        """;

    private static readonly string PoolNodesAnswer = (
        "node_id|hostname|port|status|lb_weight|role|select_cnt|load_balance_node|replication_delay|"
        + "replication_state|replication_sync_state|last_status_change\n"
        + "0|localhost|11002|up|0.500000|primary|0|false|0|||2026-11-23 03:40:10\n"
        + "1|localhost|11003|up|0.500000|standby|12|true|0|streaming|async|2026-11-23 03:40:10\n"
    ).Replace('|', '\u001f');

    private static readonly string[] Columns =
    [
        "node_id",
        "status",
        "role",
        "pg_status",
        "select_cnt",
        "replication_state",
        "something_new",
    ];

    private static readonly Gen<string> Cell = Any.Line.Select(t =>
        t.Replace(Psql.FieldSeparator.ToString(), "", StringComparison.Ordinal)
    );

    private static Gen<string> LikeThis(string original) => Gen.Frequency((1, Any.Text), (3, Any.Mutation(original)));

    [Fact]
    public void Pool_nodes_of_any_text() =>
        LikeThis(PoolNodesAnswer)
            .Sample(
                text =>
                    Assert.All(PoolNodes.Parse(text), n => Assert.False(n.Status.Length == 0 || n.Role.Length == 0)),
                iter: Any.Many,
                print: Any.Shown
            );

    [Fact]
    public void Pool_nodes_come_out_as_they_were_shown_in_whatever_order_the_columns_are() =>
        Gen.Select(
                Gen.Shuffle(Columns),
                Gen.Select(Gen.Int[0, 127], Cell, Cell, Cell, Gen.Long[0, long.MaxValue], Cell, Cell).Array[0, 5]
            )
            .Sample(
                (columns, rows) =>
                {
                    static string Value(
                        (
                            int Id,
                            string Status,
                            string Role,
                            string PgStatus,
                            long Selects,
                            string State,
                            string New
                        ) row,
                        string column
                    ) =>
                        column switch
                        {
                            "node_id" => row.Id.ToString(),
                            "status" => row.Status,
                            "role" => row.Role,
                            "pg_status" => row.PgStatus,
                            "select_cnt" => row.Selects.ToString(),
                            "replication_state" => row.State,
                            _ => row.New,
                        };
                    var text =
                        string.Join(Psql.FieldSeparator, columns)
                        + "\n"
                        + string.Concat(
                            rows.Select(r => string.Join(Psql.FieldSeparator, columns.Select(c => Value(r, c))) + "\n")
                        );
                    static string? OrNull(string t) => t.Length == 0 ? null : t;
                    Assert.Equal(
                        rows.Select(r => new PoolNode
                        {
                            Id = r.Item1,
                            Status = OrNull(r.Item2) ?? "unknown",
                            Role = OrNull(r.Item3) ?? "unknown",
                            PostgresStatus = OrNull(r.Item4),
                            SelectCount = r.Item5,
                            ReplicationState = OrNull(r.Item6),
                        }),
                        PoolNodes.Parse(text)
                    );
                }
            );

    [Fact]
    public void A_postmaster_pid_of_any_text() =>
        LikeThis(PostmasterPid)
            .Sample(
                text => Assert.True(PostmasterFile.Parse(text) is null or { ProcessId: > 0 }),
                iter: Any.Many,
                print: Any.Shown
            );

    [Fact]
    public void A_half_written_postmaster_pid_is_no_server_that_accepts() =>
        Gen.Int[0, PostmasterPid.Length - "ready   \n".Length]
            .Sample(length => Assert.True(PostmasterFile.Parse(PostmasterPid[..length]) is null or { Accepts: false }));

    [Fact]
    public void A_control_file_of_any_text() =>
        LikeThis(ControlData).Sample(text => PgControlData.Timeline(text), iter: Any.Many, print: Any.Shown);

    [Fact]
    public void A_timeline_is_found_whatever_stands_around_it() =>
        Gen.Select(Gen.Int[1, int.MaxValue], Any.Line.Select(l => "x" + l).Array[0, 5], Any.Line.Array[0, 5])
            .Sample(
                (timeline, before, after) =>
                    Assert.Equal(
                        timeline,
                        PgControlData.Timeline(
                            string.Join(
                                '\n',
                                [.. before, $"Latest checkpoint's TimeLineID:       {timeline}", .. after]
                            )
                        )
                    )
            );

    [Fact]
    public void A_watchdogs_answer_of_any_text() =>
        LikeThis(WatchdogAnswer)
            .Sample(
                text => Assert.All(WatchdogInfo.Parse(text).Members, m => Assert.NotNull(m.Status)),
                iter: Any.Many,
                print: Any.Shown
            );

    [Fact]
    public void A_WAL_position_of_any_text() =>
        LikeThis("12/3DE0800").Sample(text => NodesReporter.WalBytes(text), iter: Any.Many, print: Any.Shown);

    [Fact]
    public void A_WAL_position_is_a_number_of_bytes() =>
        Gen.UInt[0, int.MaxValue]
            .Select(Gen.UInt)
            .Sample((high, low) => Assert.Equal(((long)high << 32) + low, NodesReporter.WalBytes($"{high:X}/{low:X}")));
}
