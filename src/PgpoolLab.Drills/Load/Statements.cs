using System.Globalization;
using PgpoolLab.Drills.Files;

namespace PgpoolLab.Drills.Load;

/// <summary>What clients send. Each write is one statement, and so is done as a whole or not at all.</summary>
/// <param name="kind">What clients write.</param>
internal sealed class Statements(string kind)
{
    /// <summary>How many accounts a bank has.</summary>
    internal const int Accounts = 16;

    /// <summary>What is in each account at first.</summary>
    internal const int Opening = 1000;

    /// <summary>After how many items a new list is begun: each item writes all of the list again.</summary>
    private const int ListLength = 64;

    private int _appended;

    /// <summary>What is made before the clients begin, statement by statement.</summary>
    internal IReadOnlyList<string> Preparation =>
        [
            $"DROP SCHEMA IF EXISTS {LoadTarget.Schema} CASCADE",
            $"CREATE SCHEMA {LoadTarget.Schema}",
            // No key: what is written twice must be there twice.
            $"CREATE TABLE {LoadTarget.Schema}.written (client int, row_number int, attempt int)",
            .. kind switch
            {
                LoadSpec.Bank =>
                [
                    $"CREATE TABLE {LoadTarget.Schema}.accounts (id int PRIMARY KEY, balance int NOT NULL)",
                    $"INSERT INTO {LoadTarget.Schema}.accounts SELECT i, {Opening} "
                        + $"FROM generate_series(1, {Accounts}) i",
                ],
                LoadSpec.Append => (string[])
                    [$"CREATE TABLE {LoadTarget.Schema}.lists (list int PRIMARY KEY, items text NOT NULL)"],
                _ => [],
            },
        ];

    /// <summary>What removes all of it.</summary>
    internal static string Removal => $"DROP SCHEMA IF EXISTS {LoadTarget.Schema} CASCADE";

    /// <summary>All rows of a node, as texts.</summary>
    internal static string Rows =>
        $"SELECT client::text, row_number::text, attempt::text FROM {LoadTarget.Schema}.written";

    /// <summary>The sum of all accounts.</summary>
    internal static string Sum => $"SELECT sum(balance)::text FROM {LoadTarget.Schema}.accounts";

    /// <summary>All lists of a node.</summary>
    internal static string Lists => $"SELECT list::text, items FROM {LoadTarget.Schema}.lists";

    /// <summary>A write, and the list that it appends to.</summary>
    /// <param name="client">Who writes.</param>
    /// <param name="row">Which of his rows.</param>
    /// <param name="attempt">Which attempt at it.</param>
    internal (string Sql, int List) Write(int client, int row, int attempt)
    {
        var insert = string.Create(
            CultureInfo.InvariantCulture,
            $"INSERT INTO {LoadTarget.Schema}.written VALUES ({client}, {row}, {attempt})"
        );
        switch (kind)
        {
            case LoadSpec.Bank:
                var from = ((client * 7) + row) % Accounts + 1;
                var to = (from + (row % (Accounts - 1))) % Accounts + 1;
                var moved = (row % 9) + 1;
                return from == to
                    ? (insert, 0)
                    : (
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"WITH moved AS (UPDATE {LoadTarget.Schema}.accounts SET balance = balance + "
                                + $"CASE id WHEN {from} THEN -{moved} ELSE {moved} END "
                                + $"WHERE id IN ({from}, {to})) {insert}"
                        ),
                        0
                    );
            case LoadSpec.Append:
                var list = (Interlocked.Increment(ref _appended) - 1) / ListLength;
                return (
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"WITH own AS ({insert}) INSERT INTO {LoadTarget.Schema}.lists AS l "
                            + $"VALUES ({list}, '{client}.{row}.{attempt}') ON CONFLICT (list) DO UPDATE "
                            + $"SET items = l.items || ' ' || excluded.items RETURNING items"
                    ),
                    list
                );
            default:
                return (insert, 0);
        }
    }

    /// <summary>The read of what was just written.</summary>
    internal string Read(int client, int row, int attempt, int list) =>
        kind == LoadSpec.Append
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT items FROM {LoadTarget.Schema}.lists WHERE list = {list}"
            )
            : string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT 1 FROM {LoadTarget.Schema}.written WHERE client = {client} "
                    + $"AND row_number = {row} AND attempt = {attempt}"
            );
}
