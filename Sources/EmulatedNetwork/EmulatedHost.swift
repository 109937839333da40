internal import CLinux
internal import Compute
internal import Files
internal import Foundation
internal import Synchronization

/// A network namespace with a loopback device and a TUN device, whose packets are read from and written to a descriptor
/// (https://docs.kernel.org/networking/tuntap.html). Both are removed with this object.
final class EmulatedHost: Sendable {
  /// The packets, each after a `virtio_net_hdr`.
  let device: Int32
  private let namespace: Int32

  private static let newNetwork: Int32 = 0x4000_0000  // CLONE_NEWNET

  /// - Parameter index: from 0; determines the address
  init(_ index: Int) throws(EmulationError) {
    (namespace, device) = try Self.onThread { Self.make(index) }.get()
  }

  deinit {
    close(device)
    close(namespace)
  }

  static func address(_ index: Int) -> String { "10.78.0.\(index + 1)" }

  /// Returns a command line that runs a command in the namespace. `env` finds nsenter, and nsenter execs the command,
  /// so the started process is the command itself.
  func command(_ words: [String]) -> [String] {
    ["/usr/bin/env", "nsenter", "--net=/proc/\(getpid())/fd/\(namespace)", "--"] + words
  }

  func inside<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result {
    Self.onThread { [namespace] in
      precondition(setns(namespace, Self.newNetwork) == 0, "cannot enter a namespace of this process")
      return body()
    }
  }

  /// Runs `body` on a new thread, because a thread that entered a namespace must not be reused.
  private static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result {
    let answer = ThreadAnswer<Result>()
    // A thread that has ended may be what the limit is short of.
    while (try? SystemThread.start("atelier-host") { answer.give(body()) }) == nil { usleep(10_000) }
    return answer.wait()
  }

  // MARK: Creation

  private static func make(_ index: Int) -> Result<(Int32, Int32), EmulationError> {
    func failure(_ action: String) -> Result<(Int32, Int32), EmulationError> {
      let code = errno
      return .failure(code == EPERM ? .notAllowed : .unavailable("\(action): \(systemErrorText(code))"))
    }
    guard unshare(newNetwork) == 0 else { return failure("cannot create a network namespace") }
    let namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    guard namespace >= 0 else { return failure("cannot open /proc/thread-self/ns/net") }
    let device = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
    guard device >= 0 else {
      defer { close(namespace) }
      return failure("cannot open /dev/net/tun")
    }
    guard configure(device, index) else {
      defer {
        close(device)
        close(namespace)
      }
      return failure("cannot configure the TUN device")
    }
    return .success((namespace, device))
  }

  /// Constants of linux/if_tun.h, linux/sockios.h and linux/if.h, whose macros are not imported into Swift.
  private enum Request {
    static let setDevice: UInt = 0x4004_54CA  // TUNSETIFF
    static let setOffload: UInt = 0x4004_54D0  // TUNSETOFFLOAD
    static let setAddress: UInt = 0x8916  // SIOCSIFADDR
    static let setMask: UInt = 0x891C  // SIOCSIFNETMASK
    static let setFlags: UInt = 0x8914  // SIOCSIFFLAGS
  }
  /// IFF_TUN, IFF_NO_PI, IFF_VNET_HDR
  private static let deviceFlags: UInt16 = 0x0001 | 0x1000 | 0x4000
  /// TUN_F_CSUM, TUN_F_TSO4: TCP segments arrive merged in packets of up to 64 KiB, as they are handed to a network
  /// card.
  private static let offload: Int32 = 0x01 | 0x02
  /// IFF_UP, IFF_RUNNING
  private static let upFlags: UInt16 = 0x0001 | 0x0040

  private static func configure(_ device: Int32, _ index: Int) -> Bool {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    return request(device, Request.setDevice, "eth0", flags: deviceFlags)
      && ioctl(device, Request.setOffload, offload) == 0
      && request(socket, Request.setAddress, "eth0", address: address(index))
      && request(socket, Request.setMask, "eth0", address: "255.255.255.0")
      && request(socket, Request.setFlags, "eth0", flags: upFlags)
      && request(socket, Request.setFlags, "lo", flags: upFlags)
  }

  /// Issues a request with a `struct ifreq`: 16 bytes of name, then flags or an address.
  private static func request(
    _ descriptor: Int32, _ number: UInt, _ name: String, flags: UInt16 = 0, address: String? = nil
  ) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 40)
    bytes.replaceSubrange(0..<name.utf8.count, with: name.utf8)
    return bytes.withUnsafeMutableBytes { bytes in
      if let address {
        var socketAddress = sockaddr_in()
        socketAddress.sin_family = sa_family_t(AF_INET)
        socketAddress.sin_addr.s_addr = inet_addr(address)
        bytes.storeBytes(of: socketAddress, toByteOffset: 16, as: sockaddr_in.self)
      } else {
        bytes.storeBytes(of: flags, toByteOffset: 16, as: UInt16.self)
      }
      return ioctl(descriptor, number, bytes.baseAddress!) == 0
    }
  }

  /// Configures Linux's netem to delay and drop the packets that this host sends.
  /// - Returns: false if netem is not available
  func holdPackets(as link: EmulatedNetwork.Link) -> Bool {
    let microseconds = Int(link.delay / .microseconds(1))
    let words = command(
      [
        "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "\(microseconds)us", "loss",
        "\(100 * link.loss)%",
      ]
        + ["rate", "\(Int(link.bitsPerSecond))bit"])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationReason == .exit && process.terminationStatus == 0
  }
}

/// The result of a thread, for the thread that waits for it.
private final class ThreadAnswer<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isSet = DispatchSemaphore(value: 0)

  func give(_ value: Value) {
    self.value.withLock { $0 = value }
    isSet.signal()
  }

  func wait() -> Value {
    isSet.wait()
    return value.withLock { $0! }
  }
}
