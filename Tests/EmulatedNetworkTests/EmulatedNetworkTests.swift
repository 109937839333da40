import EmulatedNetwork
import Foundation
import Testing

/// TCP over emulated links. Times have only lower bounds, because a busy machine may take longer.
@Suite struct EmulatedNetworkTests {
  static let obstacle: Comment? = {
    do {
      _ = try EmulatedNetwork(hosts: 1, link: EmulatedNetwork.Link())
      return nil
    } catch { return "\(error)" }
  }()

  private static let port: UInt16 = 7_700

  private static func address(_ text: String) -> sockaddr_in {
    var address = sockaddr_in()
    (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
    address.sin_addr.s_addr = inet_addr(text)
    return address
  }

  private static func withAddress(_ text: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = address(text)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  private static func listen(_ network: EmulatedNetwork, on host: Int) -> Int32 {
    let address = network.address(of: host)
    return network.inside(host) {
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard withAddress(address, { bind(listener, $0, $1) }) == 0 else { return -1 }
      return Glibc.listen(listener, 4) == 0 ? listener : -1
    }
  }

  private static func connect(_ network: EmulatedNetwork, from host: Int, to other: Int) -> Int32 {
    let address = network.address(of: other)
    return network.inside(host) {
      let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      return withAddress(address, { Glibc.connect(stream, $0, $1) }) == 0 ? stream : -1
    }
  }

  /// Sends bytes from host 1 to host 0 and compares what arrives.
  private static func carry(_ bytes: [UInt8], over network: EmulatedNetwork) -> (isSame: Bool, time: Duration) {
    let listener = listen(network, on: 0)
    let sender = connect(network, from: 1, to: 0)
    let receiver = accept(listener, nil, nil)
    defer { for file in [listener, receiver] { close(file) } }
    let start = ContinuousClock.now
    Thread.detachNewThread {
      var sent = 0
      while sent < bytes.count {
        let count = bytes.withUnsafeBytes { write(sender, $0.baseAddress! + sent, bytes.count - sent) }
        guard count > 0 else { break }
        sent += count
      }
      close(sender)
    }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(receiver, &buffer, buffer.count), count > 0 { received += buffer[..<count] }
    return (received == bytes, .now - start)
  }

  private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 >> 3) } }

  @Test(.enabled(if: obstacle == nil, obstacle)) func roundTripTakesTwiceTheDelay() throws {
    let network = try EmulatedNetwork(hosts: 3, link: .init(delay: .milliseconds(40)))
    let listener = Self.listen(network, on: 2)
    let start = ContinuousClock.now
    let stream = Self.connect(network, from: 1, to: 2)
    #expect(stream >= 0 && .now - start >= .milliseconds(80))
    close(stream)
    close(listener)
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func throughputIsLimitedByTheRate() throws {
    let network = try EmulatedNetwork(hosts: 2, link: .init(bitsPerSecond: 1e8, delay: .zero))
    let (isSame, time) = Self.carry(Self.bytes(2_500_000), over: network)
    #expect(isSame && time >= .milliseconds(200), "\(time)")
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func lostPacketsAreResent() throws {
    let network = try EmulatedNetwork(hosts: 2, link: .init(delay: .milliseconds(1), loss: 0.02, seed: 7))
    #expect(Self.carry(Self.bytes(20_000_000), over: network).isSame)
    #expect(network.isHeldByKernel || network.statistics.lost > 0)
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func cutLinkCarriesNothing() throws {
    let network = try EmulatedNetwork(hosts: 2, link: .init(delay: .zero))
    let listener = Self.listen(network, on: 0)
    network.setCut(true, 0)
    let mending = Date()
    Thread.detachNewThread {
      usleep(300_000)
      network.setCut(false, 0)
    }
    let stream = Self.connect(network, from: 1, to: 0)
    #expect(stream >= 0 && Date().timeIntervalSince(mending) >= 0.3)
    close(stream)
    close(listener)
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func commandRunsOnItsHost() throws {
    let network = try EmulatedNetwork(hosts: 2, link: .init())
    let words = network.command(["cat", "/proc/net/fib_trie"], on: 1)
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains(network.address(of: 1)) && !text.contains(network.address(of: 0)))
  }
}
