internal import CLinux
internal import Compute
internal import Foundation
internal import Synchronization

/// A network namespace with loopback and a device, whose packets come out of and go into a descriptor (a TUN device:
/// https://docs.kernel.org/networking/tuntap.html). Both end with this object.
final class EmulatedHost: Sendable {
  /// Packets, each behind a `virtio_net_hdr`.
  let device: Int32
  private let namespace: Int32

  private static let newNetwork: Int32 = 0x4000_0000  // CLONE_NEWNET

  /// - Parameter index: counted from 0; decides the address.
  init(_ index: Int) throws(EmulationError) {
    (namespace, device) = try Self.onThread { Self.make(index) }.get()
  }

  deinit {
    close(device)
    close(namespace)
  }

  static func address(_ index: Int) -> String { "10.78.0.\(index + 1)" }

  /// `env` finds nsenter, and nsenter becomes the command: the process started is the command's.
  func command(_ words: [String]) -> [String] {
    ["/usr/bin/env", "nsenter", "--net=/proc/\(getpid())/fd/\(namespace)", "--"] + words
  }

  func inside<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result {
    Self.onThread { [namespace] in
      precondition(setns(namespace, Self.newNetwork) == 0, "cannot enter a namespace of this process")
      return body()
    }
  }

  /// A thread that has been in a namespace is not used for anything else.
  private static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result {
    let answer = ThreadAnswer<Result>()
    // A thread that has ended may be what the limit is short of.
    while (try? SystemThread.start("atelier-host") { answer.give(body()) }) == nil { usleep(10_000) }
    return answer.wait()
  }

  // MARK: Making one

  private static func make(_ index: Int) -> Result<(Int32, Int32), EmulationError> {
    func failure(_ what: String) -> Result<(Int32, Int32), EmulationError> {
      let code = errno
      return .failure(code == EPERM ? .notAllowed : .unavailable("\(what): \(String(cString: strerror(code)))"))
    }
    guard unshare(newNetwork) == 0 else { return failure("no new namespace") }
    let namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    guard namespace >= 0 else { return failure("/proc/thread-self/ns/net") }
    let device = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
    guard device >= 0 else {
      defer { close(namespace) }
      return failure("/dev/net/tun")
    }
    guard configure(device, index) else {
      defer {
        close(device)
        close(namespace)
      }
      return failure("the device")
    }
    return .success((namespace, device))
  }

  /// Numbers of linux/if_tun.h, linux/sockios.h and linux/if.h, whose macros Swift does not see.
  private enum Request {
    static let setDevice: UInt = 0x4004_54CA  // TUNSETIFF
    static let setOffload: UInt = 0x4004_54D0  // TUNSETOFFLOAD
    static let setAddress: UInt = 0x8916  // SIOCSIFADDR
    static let setMask: UInt = 0x891C  // SIOCSIFNETMASK
    static let setFlags: UInt = 0x8914  // SIOCSIFFLAGS
  }
  /// IFF_TUN, IFF_NO_PI, IFF_VNET_HDR
  private static let deviceFlags: UInt16 = 0x0001 | 0x1000 | 0x4000
  /// TUN_F_CSUM, TUN_F_TSO4: TCP's segments of one message come in one piece of up to 64 KiB, as they go to a network card.
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

  /// With a `struct ifreq`: 16 bytes of name, then flags or an address.
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

  /// Lets Linux's netem hold and lose what this host sends.
  /// - Returns: false if this kernel or system has no netem.
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

/// What a thread has come to, for the one that waits for it.
private final class ThreadAnswer<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func give(_ value: Value) {
    self.value.withLock { $0 = value }
    isThere.signal()
  }

  func wait() -> Value {
    isThere.wait()
    return value.withLock { $0! }
  }
}
