using System.Text;
using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.Tests;

public sealed class SimpleQueryTests
{
    private static readonly byte[] TwoRows =
    [
        .. FakeServer.Columns("node_id", "prüf"),
        .. FakeServer.Row("0", "ü🐘"),
        .. FakeServer.Row("", null),
        .. FakeServer.Done,
    ];

    private static Task<(SimpleQuery? Session, SimpleQuery.Answer? Refusal)> OpenAsync(
        FakeServer server,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default
    ) => SimpleQuery.OpenAsync(server, "olga", "test", time ?? TimeProvider.System, cancellationToken);

    /// <summary>Opens a session, asks once, and ends it.</summary>
    private static async Task<SimpleQuery.Answer> AskAsync(FakeServer server, string sql = "SHOW pool_nodes")
    {
        var (session, refusal) = await OpenAsync(server);
        Assert.Null(refusal);
        await using (session)
        {
            return await session!.AskAsync(sql, CancellationToken.None);
        }
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(7)]
    [InlineData(1)]
    public async Task A_question_is_answered_with_columns_and_rows_however_the_bytes_come(int portion)
    {
        using var server = new FakeServer(FakeServer.Welcome, TwoRows) { Portion = portion };
        var answer = await AskAsync(server);
        Assert.Null(answer.Error);
        Assert.Equal(["node_id", "prüf"], answer.Columns);
        Assert.Equal(
            [
                ["0", "ü🐘"],
                ["", null],
            ],
            answer.Rows
        );
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task What_is_said_is_protocol_3_and_begins_and_ends_politely()
    {
        using var server = new FakeServer(FakeServer.Welcome, TwoRows);
        await AskAsync(server, "SHOW prüfung");
        byte[] hello = [0, 3, 0, 0, .. "user\0olga\0database\0test\0application_name\0pgpoollab\0\0"u8];
        byte[] question = [.. Encoding.UTF8.GetBytes("SHOW prüfung"), 0];
        Assert.Equal(
            [
                [.. FakeServer.Number(hello.Length + 4), .. hello],
                FakeServer.Message('Q', question),
                FakeServer.Message('X', []),
            ],
            server.Received
        );
    }

    [Fact]
    public async Task One_session_is_asked_again_and_again()
    {
        using var server = new FakeServer(FakeServer.Welcome, TwoRows, FakeServer.Done, TwoRows);
        var (session, _) = await OpenAsync(server);
        await using (session)
        {
            foreach (var rows in (int[])[2, 0, 2])
            {
                Assert.Equal(rows, (await session!.AskAsync("SHOW pool_nodes", CancellationToken.None)).Rows.Count);
            }

            Assert.False(server.IsClosed);
        }

        Assert.Equal(5, server.Received.Count);
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task An_error_before_the_question_is_a_refusal()
    {
        using var server = new FakeServer(FakeServer.Error("sorry, too many clients already")) { Leaves = true };
        var (session, refusal) = await OpenAsync(server);
        Assert.Null(session);
        Assert.Equal("sorry, too many clients already", refusal!.Error);
        Assert.Empty(refusal.Rows);
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task An_error_after_the_question_is_the_answer_and_the_session_goes_on()
    {
        using var server = new FakeServer(
            FakeServer.Welcome,
            [.. FakeServer.Error("prüfung: no such thing"), .. FakeServer.Error("second"), .. FakeServer.Ready],
            TwoRows
        );
        var (session, _) = await OpenAsync(server);
        await using (session)
        {
            Assert.Equal("prüfung: no such thing", (await session!.AskAsync("SHOW x", CancellationToken.None)).Error);
            Assert.Null((await session.AskAsync("SHOW pool_nodes", CancellationToken.None)).Error);
        }
    }

    [Fact]
    public async Task A_server_that_says_why_it_leaves_is_quoted()
    {
        using var server = new FakeServer(
            FakeServer.Welcome,
            FakeServer.Error("terminating connection due to administrator command")
        )
        {
            Leaves = true,
        };
        var error = await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(server));
        Assert.Equal("terminating connection due to administrator command", error.Message);
        Assert.True(server.IsClosed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("SFATAL")]
    public async Task An_error_without_a_text_is_an_error_too(string fields)
    {
        using var server = new FakeServer(
            FakeServer.Message('E', Encoding.UTF8.GetBytes(fields), fields.Length > 0 ? "\0\0"u8 : "\0"u8)
        );
        var (_, refusal) = await OpenAsync(server);
        Assert.Equal("an error without a text", refusal!.Error);
    }

    [Fact]
    public async Task Who_wants_to_know_more_than_a_name_is_not_asked()
    {
        using var server = new FakeServer(FakeServer.WantsPassword);
        Assert.Equal((null, null), await OpenAsync(server));
        Assert.Single(server.Received);
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task What_a_server_says_between_question_and_answer_does_not_matter()
    {
        var said = FakeServer.Message('S', "TimeZone\0"u8, "UTC\0"u8);
        using var server = new FakeServer(
            [.. FakeServer.Notice, .. FakeServer.Welcome, .. FakeServer.Notice, .. said],
            [.. FakeServer.Notice, .. TwoRows, .. said],
            TwoRows
        );
        var (session, _) = await OpenAsync(server);
        await using (session)
        {
            Assert.Equal(2, (await session!.AskAsync("SHOW pool_nodes", CancellationToken.None)).Rows.Count);
            Assert.Equal(2, (await session.AskAsync("SHOW pool_nodes", CancellationToken.None)).Rows.Count);
        }
    }

    public static TheoryData<string, byte[]> Garbage =>
        new()
        {
            { "another protocol", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray() },
            { "zeros", new byte[64] },
            { "a length below the least", [(byte)'Z', 0, 0, 0, 3, 0, 0, 0, 0, 0] },
            { "a length below zero", [(byte)'Z', 0xFF, 0, 0, 0, 0, 0, 0, 0, 0] },
            { "a length beyond all reason", [(byte)'T', 0x40, 0, 0, 0, 0, 0, 0, 0, 0] },
            { "columns without an end", FakeServer.Message('T', FakeServer.Short(1), "node_id"u8) },
            { "columns that are not there", FakeServer.Message('T', FakeServer.Short(3), "a\0"u8, new byte[18]) },
            { "columns below zero", FakeServer.Message('T', FakeServer.Short(-1)) },
            { "columns of nothing", FakeServer.Message('T', []) },
            {
                "a value that is not there",
                FakeServer.Message('D', FakeServer.Short(1), FakeServer.Number(5), "abc"u8)
            },
            { "values that are not there", FakeServer.Message('D', FakeServer.Short(2), FakeServer.Number(-1)) },
            { "values below zero", FakeServer.Message('D', FakeServer.Short(-7)) },
            { "a row of nothing", FakeServer.Message('D', []) },
            { "an error without an end", FakeServer.Message('E', "SFATAL"u8) },
        };

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task What_is_not_this_protocol_is_a_broken_connection(string what, byte[] bytes)
    {
        // More comes than is understood.
        using var server = new FakeServer(FakeServer.Welcome, [.. bytes, .. new byte[1000]]) { Leaves = true };
        var error = await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(server));
        Assert.True(error.Message.Length > 0 && server.IsClosed, what);
    }

    [Theory]
    [InlineData("R")]
    [InlineData("E")]
    public async Task Nor_is_such_a_beginning_a_session(string type)
    {
        using var server = new FakeServer(FakeServer.Message(type[0], type == "E" ? "SFATAL"u8 : "ab"u8), new byte[100])
        {
            Leaves = true,
        };
        await Assert.ThrowsAnyAsync<IOException>(() => OpenAsync(server));
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task A_server_that_does_not_come_to_an_end_is_not_listened_to_for_ever()
    {
        var row = FakeServer.Row(new string('x', 1 << 16));
        using var server = new FakeServer(
            FakeServer.Welcome,
            [.. FakeServer.Columns("x"), .. Enumerable.Repeat(row, 300).SelectMany(r => r)]
        )
        {
            Leaves = true,
        };
        Assert.Equal(
            "What answers there is no PostgreSQL and no Pgpool-II.",
            (await Assert.ThrowsAsync<IOException>(() => AskAsync(server))).Message
        );
    }

    [Fact]
    public async Task A_server_that_leaves_in_the_middle_is_a_broken_connection()
    {
        foreach (var said in Enumerable.Range(0, TwoRows.Length))
        {
            using var server = new FakeServer(FakeServer.Welcome, TwoRows[..said]) { Leaves = true };
            await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(server));
            Assert.True(server.IsClosed);
        }

        using var silent = new FakeServer { Leaves = true };
        await Assert.ThrowsAnyAsync<IOException>(() => OpenAsync(silent));
    }

    [Fact]
    public async Task An_answer_stays_an_answer_when_the_server_has_left_before_the_farewell()
    {
        using var server = new FakeServer(FakeServer.Welcome, TwoRows) { Leaves = true };
        var (session, _) = await OpenAsync(server);
        Assert.Equal(2, (await session!.AskAsync("SHOW pool_nodes", CancellationToken.None)).Rows.Count);
        await Assert.ThrowsAnyAsync<IOException>(() => session.AskAsync("SHOW pool_nodes", CancellationToken.None));
        await session.DisposeAsync();
        Assert.True(server.IsClosed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_says_nothing_is_given_up_after_20_seconds(bool accepts)
    {
        var time = new FakeTimeProvider();
        using var server = new FakeServer(accepts ? [FakeServer.Welcome] : []);
        var asked = accepts
            ? (await OpenAsync(server, time)).Session!.AskAsync("SHOW pool_nodes", CancellationToken.None)
            : (Task)OpenAsync(server, time);
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(asked.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        var error = await Assert.ThrowsAsync<IOException>(() => asked);
        Assert.Equal("No answer within 20 s.", error.Message);
        Assert.Equal(!accepts, server.IsClosed);
    }

    [Fact]
    public async Task Who_waits_for_an_answer_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        using var server = new FakeServer();
        var asked = OpenAsync(server, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.True(server.IsClosed);
    }
}
