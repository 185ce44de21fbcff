using System.Reflection;

namespace PgpoolLab.Client.Tests;

/// <summary>What tests of other people are written against: it changes by decision alone.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void The_public_API_is_the_approved_one()
    {
        var lines = new List<string>();
        foreach (var type in typeof(Lab).Assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            lines.Add($"{type.FullName}{(type.BaseType is { } b && b != typeof(object) ? $" : {b.Name}" : "")}");
            lines.AddRange(
                type.GetMembers(
                        BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly
                    )
                    .Where(m => m is not MethodInfo { IsSpecialName: true })
                    .Where(m => !m.Name.Contains('<', StringComparison.Ordinal))
                    .Select(Line)
                    .Order(StringComparer.Ordinal)
            );
        }

        Snapshot.Approve("public-api", string.Join('\n', lines) + "\n");
    }

    /// <summary>Who tests with Npgsql tests with the version of his own.</summary>
    [Fact]
    public void It_depends_on_nothing_but_the_platform() =>
        Assert.All(
            typeof(Lab).Assembly.GetReferencedAssemblies(),
            a => Assert.StartsWith("System.", a.Name, StringComparison.Ordinal)
        );

    private static string Line(MemberInfo member) =>
        "  "
        + member switch
        {
            PropertyInfo property => $"{property.PropertyType} {property.Name} {{ get;{Setter(property)} }}",
            MethodBase method => $"{(method as MethodInfo)?.ReturnType} {method.Name}("
                + string.Join(
                    ", ",
                    method
                        .GetParameters()
                        .Select(p => $"{p.ParameterType} {p.Name}{(p.HasDefaultValue ? " = ..." : "")}")
                )
                + ")",
            _ => $"{member.MemberType} {member.Name}",
        };

    private static string Setter(PropertyInfo property) => property.SetMethod is { IsPublic: true } ? " set;" : "";
}
