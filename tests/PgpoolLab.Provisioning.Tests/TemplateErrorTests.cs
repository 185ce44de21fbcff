using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests;

public sealed class TemplateErrorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's");

    public void Dispose() => _folder.Dispose();

    private void Override(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
    }

    private LabException Broken(string template, Func<ConfigRenderer, string>? render = null) =>
        Assert.Throws<LabException>(() =>
            render is null
                ? Labs.Renderer(_folder.Path).Render(template, Labs.Fixed())
                : render(Labs.Renderer(_folder.Path))
        );

    private static void AssertNames(string place, LabException error) =>
        Assert.True(
            error.Message.StartsWith(place, StringComparison.Ordinal),
            $"instead of '{place}…':\n{error.Message}"
        );

    [Theory]
    [InlineData("{{ pgpool.portt }}", "portt")]
    [InlineData("{{ prot }}", "prot")]
    [InlineData("{{ lab.root.deeper }}", "deeper")]
    [InlineData("{{ lab.root | shh }}", "shh")]
    [InlineData("{{ include \"scripts/nothing\" }}", "scripts/nothing")]
    [InlineData("{{ for node in nodes }}{{ node.prot }}{{ end }}", "prot")]
    [InlineData("{{ if pgpool.version > }}", "")]
    [InlineData("{{ pcp.users }}", "pcp")]
    public void A_name_nobody_knows_is_told_with_file_and_line(string mistake, string name)
    {
        Override("pgpool/pgpool.conf.sbn", $"first line\nsecond line\n{mistake}\n");
        var error = Broken("pgpool/pgpool.conf");
        AssertNames($"The template {_folder["pgpool/pgpool.conf.sbn"]}, line 3, ", error);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("pgpoollab templates export", Assert.Single(error.Hints), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_known_object_the_names_it_has_are_listed()
    {
        Override("scripts/README.port.sbn", "{{ paths.nothing }}");
        Assert.Contains(
            "there is no 'nothing' in 'paths'; it has archive, etc, events,",
            Broken("scripts/README.port").Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("{{ lab.nonsense }}")]
    [InlineData("{{ nonsense }}")]
    [InlineData("{{ if }}")]
    public void A_mistake_in_an_included_template_is_told_with_that_templates_file_and_line(string mistake)
    {
        Override("_generated.sbn", $"# one\n{mistake}\n");
        AssertNames($"The template {_folder["_generated.sbn"]}, line 2, ", Broken("pgpool/pgpool.conf"));
    }

    [Fact]
    public void A_mistake_in_what_a_script_writes_later_is_told_with_its_file_and_line()
    {
        Override("postgresql/myrecovery.conf.sbn", "# one\n# two\nx = {{ standby.nonsense }}\n");
        Assert.Contains(
            $"The template {_folder["postgresql/myrecovery.conf.sbn"]}, line 3, ",
            Broken("scripts/basebackup.sh").Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_node_is_unknown_where_the_file_is_the_whole_labs()
    {
        Override("scripts/README.port.sbn", "{{ node.port }}");
        Assert.Contains("node", Broken("scripts/README.port").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ones_own_template_replaces_one_and_leaves_the_others()
    {
        Override("scripts/README.port.sbn", "{{ lab.name }} is on {{ pgpool.port }}");
        var (own, original) = (Labs.Renderer(_folder.Path), Labs.Renderer());
        Assert.Equal("lab is on 11000\n", own.Render("scripts/README.port", Labs.Fixed()));
        Assert.Equal(
            original.Render("scripts/bashrc.ports", Labs.Fixed()),
            own.Render("scripts/bashrc.ports", Labs.Fixed())
        );
    }

    [Fact]
    public void Ones_own_included_template_is_in_every_file_that_includes_it()
    {
        Override("_generated.sbn", "# mine, of {{ lab.owner }}\n");
        var renderer = Labs.Renderer(_folder.Path);
        Assert.All(
            ["pgpool/pgpool.conf", "scripts/startall", "scripts/failover.sh"],
            t => Assert.Contains("# mine, of olga\n", renderer.Render(t, Labs.Fixed()), StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_template_no_file_is_made_from_is_refused()
    {
        Override("pgpool/pgpool.cfg.sbn", "");
        Override("other.sbn", "");
        var error = Assert.Throws<InvalidSpecException>(() => new TemplateStore(_folder.Path));
        Assert.Equal(ExitCode.Usage, error.Code);
        Assert.Equal("Templates: no generated file has the template other.sbn, pgpool/pgpool.cfg.sbn.", error.Message);
        Assert.Contains("pgpool/pgpool.conf.sbn", Assert.Single(error.Hints), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_templates_that_is_not_there_is_refused()
    {
        var error = Assert.Throws<InvalidSpecException>(() => new TemplateStore(_folder["none"]));
        Assert.Equal(
            (ExitCode.Usage, $"Templates: there is no folder {_folder["none"]}."),
            (error.Code, error.Message)
        );
    }

    [Fact]
    public void What_is_exported_can_be_used_as_it_is()
    {
        foreach (var name in TemplateStore.Names)
        {
            Override(name, TemplateStore.BuiltIn(name));
        }

        var (own, original) = (Labs.Renderer(_folder.Path), Labs.Renderer());
        Assert.All(
            ["pgpool/pgpool.conf", "scripts/basebackup.sh", "scripts/shutdownall"],
            t => Assert.Equal(original.Render(t, Labs.Fixed()), own.Render(t, Labs.Fixed()))
        );
    }

    [Fact]
    public void The_templates_are_these() =>
        Snapshot.Approve("template-names", string.Join('\n', TemplateStore.Names) + "\n");
}
