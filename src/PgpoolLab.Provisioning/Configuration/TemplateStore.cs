using System.Reflection;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>The templates: those built into the program, each replaced by the user's own of the same name.</summary>
public sealed class TemplateStore
{
    private const string Extension = ".sbn";
    private const string Prefix = "templates/";
    private static readonly Assembly Home = typeof(TemplateStore).Assembly;
    private readonly string? _overrides;

    /// <summary>Opens the store.</summary>
    /// <param name="overrides">Folder with the user's own templates (<c>--templates</c>); null for none.</param>
    /// <exception cref="LabException">The folder does not exist, or holds a template nobody would ask for.</exception>
    public TemplateStore(string? overrides = null)
    {
        _overrides = overrides;
        if (overrides is null)
        {
            return;
        }

        if (!Directory.Exists(overrides))
        {
            throw new InvalidSpecException(
                ExitCode.Usage,
                new($"{SpecField.Templates}: there is no folder {overrides}.")
            )
            {
                Hints = ["pgpoollab templates export DIR  writes all templates to DIR."],
            };
        }

        // A file without the extension would silently count for nothing.
        var strangers = Directory
            .EnumerateFiles(overrides, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(overrides, f).Replace('\\', '/'))
            .Where(f =>
                f.EndsWith(Extension, StringComparison.Ordinal) ? !Names.Contains(f) : Names.Contains(f + Extension)
            )
            .Order(StringComparer.Ordinal)
            .ToArray();
        if (strangers.Length > 0)
        {
            var names = string.Join(", ", strangers);
            throw new InvalidSpecException(
                ExitCode.Usage,
                new($"{SpecField.Templates}: no generated file has the template {names}.")
            )
            {
                Hints = ["The names are: " + string.Join(", ", Names)],
            };
        }
    }

    /// <summary>File names of all templates, relative, with forward slashes, for example
    /// <c>pgpool/pgpool.conf.sbn</c>.</summary>
    public static IReadOnlyList<string> Names { get; } =
        Home.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..])
            .Order(StringComparer.Ordinal)
            .ToArray();

    /// <summary>The text of a template that is built in.</summary>
    /// <param name="fileName">One of <see cref="Names"/>.</param>
    public static string BuiltIn(string fileName)
    {
        using var stream =
            Home.GetManifestResourceStream(Prefix + fileName)
            ?? throw new FileNotFoundException($"There is no template {fileName}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Finds a template by name without extension, as <c>include</c> names it.</summary>
    /// <returns>Its text, and what to call it in an error message.</returns>
    public (string Text, string DisplayName) Load(string name)
    {
        var fileName = name + Extension;
        if (_overrides is not null && Path.Combine(_overrides, fileName) is var own && File.Exists(own))
        {
            return (File.ReadAllText(own), own);
        }

        return (BuiltIn(fileName), Prefix + fileName);
    }
}
