using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace PgpoolLab.Hosts.Remote;

/// <summary>One call of a host's interfaces as a plain value, which can be sent to another machine and made
/// there.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "call")]
[JsonDerivedType(typeof(RealPathCall), "realPath")]
[JsonDerivedType(typeof(LookCall), "look")]
[JsonDerivedType(typeof(ReadBytesCall), "readBytes")]
[JsonDerivedType(typeof(ReadTextCall), "readText")]
[JsonDerivedType(typeof(ReadGrowthCall), "readGrowth")]
[JsonDerivedType(typeof(ReadPartCall), "readPart")]
[JsonDerivedType(typeof(WriteTextCall), "writeText")]
[JsonDerivedType(typeof(AppendTextCall), "appendText")]
[JsonDerivedType(typeof(ExistsCall), "exists")]
[JsonDerivedType(typeof(CreateDirectoryCall), "createDirectory")]
[JsonDerivedType(typeof(ListCall), "list")]
[JsonDerivedType(typeof(RenameCall), "rename")]
[JsonDerivedType(typeof(DeleteCall), "delete")]
[JsonDerivedType(typeof(DeleteWithinCall), "deleteWithin")]
[JsonDerivedType(typeof(DeleteEmptyWithinCall), "deleteEmptyWithin")]
[JsonDerivedType(typeof(CreateLinkCall), "createLink")]
[JsonDerivedType(typeof(FreeSpaceCall), "freeSpace")]
[JsonDerivedType(typeof(VolumeCall), "volume")]
[JsonDerivedType(typeof(SizeOnDiskCall), "sizeOnDisk")]
[JsonDerivedType(typeof(LockHolderCall), "lockHolder")]
[JsonDerivedType(typeof(CanWriteCall), "canWrite")]
[JsonDerivedType(typeof(CanExecuteCall), "canExecute")]
[JsonDerivedType(typeof(FindProcessCall), "findProcess")]
[JsonDerivedType(typeof(RunsCall), "runs")]
[JsonDerivedType(typeof(IsBeingKilledCall), "isBeingKilled")]
[JsonDerivedType(typeof(AgeCall), "age")]
[JsonDerivedType(typeof(FindProcessesCall), "findProcesses")]
[JsonDerivedType(typeof(FindOriginsCall), "findOrigins")]
[JsonDerivedType(typeof(SeesOurFilesCall), "seesOurFiles")]
[JsonDerivedType(typeof(FindFamilyCall), "findFamily")]
[JsonDerivedType(typeof(FindChildrenCall), "findChildren")]
[JsonDerivedType(typeof(SignalCall), "signal")]
[JsonDerivedType(typeof(RunCall), "run")]
[JsonDerivedType(typeof(FollowCall), "follow")]
[JsonDerivedType(typeof(StartDetachedCall), "startDetached")]
[JsonDerivedType(typeof(RemoveMemoryOfFolderCall), "removeMemoryOfFolder")]
[JsonDerivedType(typeof(RemoveMemoryOfProcessCall), "removeMemoryOfProcess")]
[JsonDerivedType(typeof(FindMakersCall), "findMakers")]
[JsonDerivedType(typeof(FindSemaphoresCall), "findSemaphores")]
[JsonDerivedType(typeof(RemoveSemaphoresCall), "removeSemaphores")]
[JsonDerivedType(typeof(WhoHoldsCall), "whoHolds")]
[JsonDerivedType(typeof(WhoElseHoldsCall), "whoElseHolds")]
[JsonDerivedType(typeof(WhoReceivesCall), "whoReceives")]
[JsonDerivedType(typeof(SocketAnswersCall), "socketAnswers")]
[JsonDerivedType(typeof(BoundSocketsCall), "boundSockets")]
[JsonDerivedType(typeof(HasLoopbackCall), "hasLoopback")]
[JsonDerivedType(typeof(ResolveCall), "resolve")]
[JsonDerivedType(typeof(GreetCall), "greet")]
[JsonDerivedType(typeof(TryReachCall), "tryReach")]
[JsonDerivedType(typeof(ConnectCall), "connect")]
[JsonDerivedType(typeof(CurrentUserCall), "currentUser")]
[JsonDerivedType(typeof(FindUserCall), "findUser")]
internal abstract record HostCall
{
    /// <summary>Makes the call.</summary>
    /// <param name="host">The machine it is made on.</param>
    /// <param name="streams">The connections that are carried between both sides.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal abstract ValueTask<JsonElement> AnswerAsync(
        IHost host,
        AgentStreams streams,
        CancellationToken cancellationToken
    );
}

/// <summary>A call with an answer of this type.</summary>
/// <typeparam name="TAnswer">One that <see cref="WireJson"/> knows.</typeparam>
internal abstract record HostCall<TAnswer> : HostCall
{
    private static JsonTypeInfo<TAnswer> Type =>
        (JsonTypeInfo<TAnswer>)(
            WireJson.Default.GetTypeInfo(typeof(TAnswer))
            ?? throw new InvalidOperationException($"{typeof(TAnswer)} is missing in {nameof(WireJson)}.")
        );

    private protected abstract ValueTask<TAnswer> MakeAsync(IHost host, CancellationToken cancellationToken);

    private protected virtual ValueTask<TAnswer> MakeAsync(
        IHost host,
        AgentStreams streams,
        CancellationToken cancellationToken
    ) => MakeAsync(host, cancellationToken);

    /// <inheritdoc/>
    internal sealed override async ValueTask<JsonElement> AnswerAsync(
        IHost host,
        AgentStreams streams,
        CancellationToken cancellationToken
    ) => JsonSerializer.SerializeToElement(await MakeAsync(host, streams, cancellationToken), Type);

    /// <summary>Reads an answer; none is that of null.</summary>
    internal static TAnswer Read(JsonElement? answer) => answer is { } some ? some.Deserialize(Type)! : default!;
}

/// <summary>The answer of a call that has none: it was done.</summary>
internal readonly record struct Nothing
{
    internal static async ValueTask<Nothing> After(ValueTask work)
    {
        await work;
        return default;
    }
}
