using PgpoolLab.Hosts;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;
using PgpoolLab.Ssh.Keys;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>A person who answers as he was told, and remembers what he was asked.</summary>
internal sealed class Person(bool trusts = true, params string?[] passphrases) : ISshQuestions
{
    private readonly Queue<string?> _passphrases = new(passphrases);

    internal List<UnknownHostKey> Unknown { get; } = [];

    internal List<PassphraseRequest> Passphrases { get; } = [];

    /// <summary>How long he looks for the first passphrase.</summary>
    internal TimeSpan Takes { get; init; }

    public bool CanAsk => true;

    public Task<bool> TrustAsync(UnknownHostKey unknown, CancellationToken cancellationToken)
    {
        Unknown.Add(unknown);
        return Task.FromResult(trusts);
    }

    public async Task<string?> PassphraseAsync(PassphraseRequest request, CancellationToken cancellationToken)
    {
        await Task.Delay(Passphrases.Count == 0 ? Takes : TimeSpan.Zero, cancellationToken);
        Passphrases.Add(request);
        return _passphrases.Count > 0 ? _passphrases.Dequeue() : null;
    }
}

/// <summary>A user's home, with ssh's files in it, and a real sshd that he may log in to.</summary>
public abstract class SshTestBed : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private protected readonly TemporaryFolder Folder = new();

    private protected SshTestBed()
    {
        Directory.CreateDirectory(Home);
        Directory.CreateDirectory($"{Home}/.ssh");
        Directory.CreateDirectory(Folder["etc"]);
    }

    private protected string Home => Folder["home"];

    private protected string Known => $"{Home}/.ssh/known_hosts";

    private protected Dictionary<string, string> Variables { get; } = [];

    public void Dispose()
    {
        foreach (var owned in _owned.AsEnumerable().Reverse())
        {
            owned.Dispose();
        }

        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts an sshd that lets in who has the user's key, which is made when there is none.</summary>
    private protected async Task<Sshd> StartAsync(string configuration = "", params string[] types)
    {
        var key = $"{Home}/.ssh/id_ed25519";
        if (!File.Exists(key))
        {
            await KeyGen.MakeAsync(key, "ed25519");
        }

        var sshd = await Sshd.StartAsync(
            Folder[$"sshd{_owned.Count}"],
            await File.ReadAllTextAsync($"{key}.pub"),
            configuration,
            types
        );
        _owned.Add(sshd);
        return sshd;
    }

    private protected void Own(IDisposable owned) => _owned.Add(owned);

    /// <summary>Writes a host into the user's configuration.</summary>
    private protected void Configure(string name, int port, string more = "")
    {
        File.AppendAllText(
            $"{Home}/.ssh/config",
            $"Host {name}\n HostName 127.0.0.1\n Port {port}\n ConnectTimeout 60\n {more}\n"
        );
        File.SetUnixFileMode($"{Home}/.ssh/config", UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Makes a host's key known, as whoever has compared it does.</summary>
    private protected void Trust(Sshd sshd, string type = "ed25519") =>
        File.AppendAllText(Known, $"[127.0.0.1]:{sshd.Port} {sshd.Key(type).ToLine()}\n");

    /// <summary>An sshd that is configured and known.</summary>
    private protected async Task<Sshd> ReadyAsync(string configuration = "")
    {
        var sshd = await StartAsync(configuration);
        Configure("b", sshd.Port);
        Trust(sshd);
        return sshd;
    }

    /// <summary>Writes a program.</summary>
    private protected string Program(string name, string script)
    {
        Executable.Write(Folder[name], $"#!/bin/sh\n{script}\n");
        return Folder[name];
    }

    private protected SshOptions Options(ISshQuestions? questions = null) =>
        new(new InstalledAgent(Sandbox.ProgramFile))
        {
            Home = new SshHome(Home, Environment.UserName, Identity.Current.UserId)
            {
                SystemFolder = Folder["etc"],
                Variable = Variables.GetValueOrDefault,
            },
            Questions = questions ?? new NoQuestions(),
        };

    private protected static Task<SshHost> ConnectAsync(SshOptions options, string host = "b") =>
        SshHosts.ConnectAsync(host, options, CancellationToken.None);

    private protected Task<SshHost> ConnectAsync(string host = "b") => ConnectAsync(Options(), host);

    /// <summary>The host answers.</summary>
    private protected static async Task AnswersAsync(SshHost host)
    {
        var result = await host.Programs.RunAsync(new CommandSpec("/bin/sh", "-c", "echo here"), default);
        Assert.Equal("here\n", result.Output);
    }
}
