using CsCheck;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>Whatever bytes a server sends, they end in an answer or in an IOException.</summary>
public sealed class SimpleQueryProperties
{
    private static readonly byte[] Answer =
    [
        .. FakeServer.Columns("node_id", "status"),
        .. FakeServer.Row("0", "up"),
        .. FakeServer.Notice,
        .. FakeServer.Row("1", null),
        .. FakeServer.Error("no"),
        .. FakeServer.Done,
    ];

    private static readonly Gen<int> Portion = Gen.OneOf(Gen.Int[1, 9], Gen.Const(int.MaxValue));

    /// <summary>A message with a body that fits its length, or does not.</summary>
    private static readonly Gen<byte[]> Message = Gen.Select(
        Gen.OneOf('R', 'S', 'K', 'Z', 'E', 'T', 'D', 'C', 'N', '\0', 'é'),
        Any.Bytes,
        Gen.Frequency((5, Gen.Const(0)), (1, Gen.Int[-8, 8]), (1, Gen.Int)),
        (type, body, lie) => (byte[])[(byte)type, .. FakeServer.Number(unchecked(body.Length + 4 + lie)), .. body]
    );

    private static Gen<byte[]> LikeThis(byte[] original) =>
        Gen.OneOf(Any.Bytes, Any.Mutation(original), Message.Array[1, 6].Select(m => m.SelectMany(b => b).ToArray()));

    [Fact]
    public Task Any_greeting_ends_in_a_session_a_refusal_or_an_IOException() =>
        Gen.Select(LikeThis(FakeServer.Welcome), Portion)
            .SampleAsync((greeting, portion) => TalkAsync([greeting], portion), iter: Any.Many, print: Print);

    [Fact]
    public Task Any_answer_ends_in_rows_or_an_IOException() =>
        Gen.Select(LikeThis(Answer), Portion)
            .SampleAsync(
                (answer, portion) => TalkAsync([FakeServer.Welcome, answer], portion),
                iter: Any.Many,
                print: Print
            );

    [Fact]
    public Task What_a_server_shows_comes_out_as_it_was_sent() =>
        Gen.Select(Any.Line.Array[1, 5], Any.Text.Null(0.2).Array[0, 25], Portion)
            .SampleAsync(
                async (columns, values, portion) =>
                {
                    var rows = values.Chunk(columns.Length).Where(r => r.Length == columns.Length).ToArray();
                    using var server = new FakeServer(
                        FakeServer.Welcome,
                        [.. FakeServer.Columns(columns), .. rows.SelectMany(FakeServer.Row), .. FakeServer.Done]
                    )
                    {
                        Portion = portion,
                    };
                    var (session, _) = await SimpleQuery.OpenAsync(
                        server,
                        "olga",
                        "test",
                        TimeProvider.System,
                        CancellationToken.None
                    );
                    var answer = await session!.AskAsync("SHOW pool_nodes", CancellationToken.None);
                    Assert.Equal(columns, answer.Columns);
                    Assert.Equal(rows, answer.Rows);
                }
            );

    private static async Task TalkAsync(byte[][] answers, int portion)
    {
        using var server = new FakeServer(answers) { Portion = portion, Leaves = true };
        try
        {
            var (session, refusal) = await SimpleQuery
                .OpenAsync(server, "olga", "test", TimeProvider.System, CancellationToken.None)
                .WaitAsync(TimeSpan.FromMinutes(2));
            if (session is null)
            {
                Assert.True(refusal is null or { Error: not null });
                return;
            }

            await using (session)
            {
                var answer = await session
                    .AskAsync("SHOW pool_nodes", CancellationToken.None)
                    .WaitAsync(TimeSpan.FromMinutes(2));
                Assert.All(answer.Rows, Assert.NotNull);
            }
        }
        catch (IOException error)
        {
            Assert.NotEmpty(error.Message);
        }
    }

    private static string Print((byte[] Bytes, int Portion) sample) =>
        $"{Convert.ToHexString(sample.Bytes)} in portions of {sample.Portion}";
}
