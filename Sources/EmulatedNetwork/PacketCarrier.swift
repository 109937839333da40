internal import CLinux
internal import Compute
internal import Foundation
internal import Synchronization

/// A thread that forwards packets between the devices of the hosts, and holds each for as long as a link of the given
/// rate and delay would. The packets of a host keep their order.
final class PacketCarrier: Sendable {
  private let isEnding = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)
  /// One bit per host.
  private let cut = Atomic<UInt64>(0)
  private let carried = Atomic(0)
  private let lost = Atomic(0)
  private let processorNanoseconds = Atomic<UInt64>(0)

  /// - Parameter descriptors: of the devices of hosts 0, 1 and so on; non-blocking, and open until ``end()`` has
  ///   returned
  /// - Throws: ``EmulationError/unavailable(_:)`` if the system cannot start a thread
  init(descriptors: [Int32], link: EmulatedNetwork.Link) throws(EmulationError) {
    let run: @Sendable () -> Void = { [self] in
      var lines = descriptors.indices.map { Line(descriptors[$0], link, seed: link.seed &+ UInt64($0)) }
      // A cable does not wait for a CPU, so the thread requests real-time priority. Where that is not permitted,
      // packets may be late.
      var priority = sched_param()
      priority.sched_priority = 1
      pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority)
      while !isEnding.load(ordering: .relaxed) { carry(&lines) }
      for line in lines { line.free() }
      ended.signal()
    }
    do { try SystemThread.start("atelier-carrier", run) } catch { throw .unavailable("\(error)") }
  }

  func end() {
    isEnding.store(true, ordering: .relaxed)
    ended.wait()
  }

  func setCut(_ isCut: Bool, _ host: Int) {
    if isCut {
      cut.bitwiseOr(1 << UInt64(host), ordering: .relaxed)
    } else {
      cut.bitwiseAnd(~(1 << UInt64(host)), ordering: .relaxed)
    }
  }

  var statistics: (carried: Int, lost: Int, processorSeconds: Double) {
    (
      carried.load(ordering: .relaxed), lost.load(ordering: .relaxed),
      Double(processorNanoseconds.load(ordering: .relaxed)) / 1e9
    )
  }

  /// The interval in nanoseconds at which the thread checks whether it should end.
  private static let longestSleep: UInt64 = 20_000_000

  /// Reads the packets sent, delivers those that are due, and sleeps until there are more of either.
  private func carry(_ lines: inout [Line]) {
    let cut = cut.load(ordering: .relaxed)
    func isCut(_ host: Int) -> Bool { cut >> UInt64(host) & 1 == 1 }
    var next = UInt64.max
    for source in lines.indices {
      lost.add(lines[source].take(at: nanoseconds(CLOCK_MONOTONIC)), ordering: .relaxed)
      while let packet = lines[source].first, packet.due <= nanoseconds(CLOCK_MONOTONIC) {
        if let target = packet.target(among: lines.count) {
          if isCut(source) || isCut(target) {
            lost.add(1, ordering: .relaxed)
          } else {
            write(lines[target].descriptor, packet.bytes, packet.count)
            carried.add(1, ordering: .relaxed)
          }
        }
        lines[source].dropFirst()
      }
      next = min(next, lines[source].first?.due ?? .max)
    }
    processorNanoseconds.store(nanoseconds(CLOCK_THREAD_CPUTIME_ID), ordering: .relaxed)
    let now = nanoseconds(CLOCK_MONOTONIC)
    let sleep = next > now ? min(next - now, Self.longestSleep) : 0
    var time = timespec(tv_sec: 0, tv_nsec: Int(sleep))
    // A host whose queue is full is not polled until there is room.
    var files = lines.map { pollfd(fd: $0.isFull ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0) }
    ppoll(&files, nfds_t(files.count), &time, nil)
  }
}

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A packet in transit, after its `virtio_net_hdr` (linux/virtio_net.h) of 10 bytes.
private struct HeldPacket {
  static let headerBytes = 10
  /// The largest IP packet.
  static let capacity = headerBytes + 65_535

  let bytes: UnsafeMutableRawPointer
  var count = 0
  /// The time of arrival.
  var due: UInt64 = 0

  private func byte(_ index: Int) -> Int { Int(bytes.load(fromByteOffset: index, as: UInt8.self)) }

  private var isIPv4: Bool { count >= Self.headerBytes + 20 && byte(Self.headerBytes) >> 4 == 4 }

  /// The index of the destination host of an IPv4 packet.
  func target(among hosts: Int) -> Int? {
    guard isIPv4 else { return nil }
    let host = byte(Self.headerBytes + 19) - 1
    return (0..<hosts).contains(host) ? host : nil
  }

  /// The size of Ethernet's preamble, header, checksum and gap.
  private static let frameBytes = 38

  /// The number of bytes on an Ethernet wire. The kernel leaves segmentation to the device: each segment has its own
  /// headers.
  var wireBytes: Int {
    let packet = count - Self.headerBytes
    let segmentBytes = Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self))  // gso_size
    guard byte(1) != 0, segmentBytes > 0, isIPv4 else { return packet + Self.frameBytes }
    let ip = (byte(Self.headerBytes) & 15) * 4
    let headers = ip + (byte(Self.headerBytes + ip + 12) >> 4) * 4
    let segments = max(1, (packet - headers + segmentBytes - 1) / segmentBytes)
    return packet + (segments - 1) * headers + segments * Self.frameBytes
  }
}

/// The packets that a host has sent and that are not delivered yet: a ring buffer in the order of arrival.
private struct Line {
  let descriptor: Int32
  private let bytesPerNanosecond: Double
  private let delay: UInt64
  private let loss: Double
  private var random: UInt64
  private var ring: [HeldPacket] = []
  private var head = 0
  private var count = 0
  /// The time when the last packet has entirely left the host.
  private var left: UInt64 = 0

  /// The capacity in packets: netem's default limit.
  private static let capacity = 1_000

  init(_ descriptor: Int32, _ link: EmulatedNetwork.Link, seed: UInt64) {
    (self.descriptor, loss, random) = (descriptor, link.loss, seed)
    bytesPerNanosecond = link.bitsPerSecond / 8e9
    delay = UInt64(link.delay / .nanoseconds(1))
  }

  func free() { for packet in ring { packet.bytes.deallocate() } }

  var isFull: Bool { count == Self.capacity }

  var first: HeldPacket? { count > 0 ? ring[head] : nil }

  mutating func dropFirst() {
    (head, count) = ((head + 1) % Self.capacity, count - 1)
    // Reuses the memory of the same few packets as long as the queue is short.
    if count == 0 { head = 0 }
  }

  /// Reads the packets sent by the host while there is room.
  /// - Returns: the number of packets lost
  mutating func take(at now: UInt64) -> Int {
    var lost = 0
    while !isFull {
      let place = (head + count) % Self.capacity
      if place == ring.count {
        ring.append(HeldPacket(bytes: .allocate(byteCount: HeldPacket.capacity, alignment: 16)))
      }
      ring[place].count = read(descriptor, ring[place].bytes, HeldPacket.capacity)
      guard ring[place].count > 0 else { break }
      left = max(now, left) + UInt64(Double(ring[place].wireBytes) / bytesPerNanosecond)
      if draw() < loss {
        lost += 1
      } else {
        ring[place].due = left + delay
        count += 1
      }
    }
    return lost
  }

  /// Returns a random number from 0 to 1 (SplitMix64: Steele, Lea and Flood, 2014).
  private mutating func draw() -> Double {
    random &+= 0x9E37_79B9_7F4A_7C15
    var bits = random
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((bits ^ bits >> 31) >> 11) * 0x1p-53
  }
}
