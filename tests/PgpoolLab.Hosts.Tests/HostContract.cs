namespace PgpoolLab.Hosts.Tests;

public sealed class LocalFileTests() : FileTests(HostUnderTest.Local());

public sealed class RemoteFileTests() : FileTests(HostUnderTest.Remote());

public sealed class LocalFileFactsTests() : FileFactsTests(HostUnderTest.Local());

public sealed class RemoteFileFactsTests() : FileFactsTests(HostUnderTest.Remote());

public sealed class LocalProcessTests() : ProcessTests(HostUnderTest.Local());

public sealed class RemoteProcessTests() : ProcessTests(HostUnderTest.Remote());

public sealed class LocalRunTests() : RunTests(HostUnderTest.Local());

public sealed class RemoteRunTests() : RunTests(HostUnderTest.Remote());

public sealed class LocalPortTests() : PortTests(HostUnderTest.Local());

public sealed class RemotePortTests() : PortTests(HostUnderTest.Remote());

public sealed class LocalSharedMemoryTests() : SharedMemoryTests(HostUnderTest.Local());

public sealed class RemoteSharedMemoryTests() : SharedMemoryTests(HostUnderTest.Remote());
