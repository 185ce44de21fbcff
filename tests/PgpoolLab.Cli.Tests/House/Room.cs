using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace PgpoolLab.Cli.Tests.House;

/// <summary>A folder of a project.</summary>
/// <param name="Project">The project's short name: Cli.</param>
/// <param name="Folder">The folder below it; empty for the project's own.</param>
internal sealed record Room(string Project, string Folder)
{
    internal string Namespace => $"PgpoolLab.{Project}{(Folder.Length == 0 ? "" : "." + Folder.Replace('/', '.'))}";

    public override string ToString() => $"{Project}/{Folder}".TrimEnd('/');
}

/// <summary>One room uses another.</summary>
/// <param name="From">The room that uses.</param>
/// <param name="To">The room that is used.</param>
/// <param name="Where">The type or file it is seen in.</param>
internal sealed record Reference(Room From, Room To, string Where);

/// <summary>All rooms, the lowest first. CONTRIBUTING.md has them in this order, and nothing else has.</summary>
internal sealed partial class HousePlan
{
    private HousePlan(IReadOnlyList<Room> rooms) => Rooms = rooms;

    internal IReadOnlyList<Room> Rooms { get; }

    internal IEnumerable<string> Projects => Rooms.Select(r => r.Project).Distinct();

    internal static HousePlan Read() => Parse(File.ReadAllText(Path.Combine(Repository(), "CONTRIBUTING.md")));

    internal static HousePlan Parse(string text)
    {
        var rooms = new List<Room>();
        var project = "";
        foreach (var line in text.Split("## The house")[1].Split("\n## ")[0].Split('\n'))
        {
            if (ProjectLine().Match(line) is { Success: true } found)
            {
                project = found.Groups[1].Value;
            }
            else if (project.Length > 0 && RoomLine().Match(line) is { Success: true } room)
            {
                rooms.Add(new Room(project, room.Groups[1].Value.TrimStart('.')));
            }
            else
            {
                project = "";
            }
        }

        return new HousePlan(rooms);
    }

    /// <summary>The room a namespace belongs to; null when it is none of ours, or is not in the plan.</summary>
    internal Room? Of(string @namespace) => Rooms.FirstOrDefault(r => r.Namespace == @namespace);

    /// <summary>References that lead to a room above their own. As the rooms are in one row, none of them means that
    /// there is no cycle.</summary>
    internal IEnumerable<Reference> Upward(IEnumerable<Reference> references) =>
        references.Where(r => Height(r.To) > Height(r.From));

    internal static string Repository([CallerFilePath] string self = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(self)!, "../../.."));

    private int Height(Room room) => ((List<Room>)Rooms).IndexOf(room);

    [GeneratedRegex(@"^src/PgpoolLab\.(\w+)\s")]
    private static partial Regex ProjectLine();

    [GeneratedRegex(@"^  (\.|[A-Z][\w/]*)\s+\S")]
    private static partial Regex RoomLine();
}
