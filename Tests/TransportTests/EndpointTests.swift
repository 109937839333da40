import Testing
import Transport

@Suite struct EndpointTests {
  @Test(arguments: [
    ("tcp://127.0.0.1:7700", "127.0.0.1", 7700),
    ("tcp://node-1.example.org:1", "node-1.example.org", 1),
    ("tcp://[2001:db8::1]:65535", "2001:db8::1", 65535),
    ("tcp://*:7700", "*", 7700),
    ("tcp://0.0.0.0:*", "0.0.0.0", nil),
    ("tcp://eth0:*", "eth0", nil),
    ("ipc:///run/atelier/socket", nil, nil),
    ("ipc://socket", nil, nil),
    ("inproc://name", nil, nil),
  ]) func parsesValidAddress(text: String, host: String?, port: Int?) throws {
    let endpoint = try Endpoint(text)
    #expect(endpoint.text == text && endpoint.description == text)
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
  }

  @Test(arguments: [
    ("", "is not an address"),
    ("127.0.0.1:7700", "write tcp://HOST:PORT"),
    ("tcp:/127.0.0.1:7700", "is not an address"),
    ("tcp://", "is not an address"),
    ("ipc://", "is not an address"),
    ("://127.0.0.1:7700", "has an unsupported scheme"),
    ("http://127.0.0.1:7700", "has an unsupported scheme"),
    ("TCP://127.0.0.1:7700", "has an unsupported scheme"),
    ("udp://127.0.0.1:7700", "has an unsupported scheme"),
    ("pgm://127.0.0.1:7700", "has an unsupported scheme"),
    ("tcp://127.0.0.1", "has no port"),
    ("tcp://:7700", "has no host"),
    ("tcp://127.0.0.1:", "is not a port"),
    ("tcp://127.0.0.1:0", "is not a port"),
    ("tcp://127.0.0.1:65536", "is not a port"),
    ("tcp://127.0.0.1:-1", "is not a port"),
    ("tcp://127.0.0.1:+80", "is not a port"),
    ("tcp://127.0.0.1:80 ", "is not a port"),
    ("tcp://127.0.0.1:http", "is not a port"),
    ("tcp://127.0.0.1:٨٠", "is not a port"),
    ("tcp://[::1]", "has no port"),
    ("tcp://[::1:7700", "brackets"),
    ("tcp://::1]:7700", "brackets"),
    ("tcp://::1:7700", "brackets"),
    ("tcp://127.0.0.1\0.example.org:7700", "is not allowed in an address"),
    ("ipc:///run/socket\0", "is not allowed in an address"),
    // libzmq would bind the first, and connect to the second.
    ("tcp://192.0.2.1:1;127.0.0.1:7700", "is not allowed in an address"),
  ]) func invalidAddressThrowsWithReason(text: String, reason: String) {
    var description: String?
    do throws(TransportError) { _ = try Endpoint(text) } catch { description = error.description }
    #expect(description?.contains(reason) == true, "\(description ?? "the endpoint was accepted")")
  }

  @Test(arguments: [
    "tcp://127.0.0.1:7700", "tcp://127.255.255.254:*", "tcp://localhost:7700", "tcp://[::1]:7700", "ipc:///run/socket",
    "inproc://name",
  ]) func loopbackIsLocal(text: String) throws {
    let endpoint = try Endpoint(text)
    #expect(endpoint.isLocal && endpoint.isLoopback == (endpoint.host != nil))
  }

  @Test(arguments: [
    "tcp://*:7700", "tcp://0.0.0.0:7700", "tcp://[::]:7700", "tcp://192.168.1.1:7700", "tcp://128.0.0.1:7700",
    "tcp://126.255.255.255:7700", "tcp://[2001:db8::1]:7700", "tcp://[fe80::1]:7700", "tcp://[::ffff:192.0.2.1]:7700",
    "tcp://eth0:7700", "tcp://lo:7700", "tcp://example.org:7700", "tcp://127.0.0.1.example.org:7700",
    "tcp://localhost.example.org:7700", "tcp://127.1.example:7700", "tcp://2130706433:7700",
  ]) func otherHostsAreNotLocal(text: String) throws {
    let endpoint = try Endpoint(text)
    #expect(!endpoint.isLocal && !endpoint.isLoopback)
  }

  @Test(
    arguments: [
      ("host", 7700, "tcp://host:7700"), ("::1", 1, "tcp://[::1]:1"), ("*", nil, "tcp://*:*"),
      ("fe80::1%eth0", nil, "tcp://[fe80::1%eth0]:*"),
    ] as [(String, Int?, String)]) func hostsAndPortsMakeEndpoints(host: String, port: Int?, text: String) throws
  {
    let endpoint = try Endpoint(host: host, port: port)
    #expect(endpoint.text == text && endpoint.host == host && endpoint.port == port)
    #expect(throws: TransportError.self) { try Endpoint(host: host, port: 0) }
    #expect(throws: TransportError.self) { try Endpoint(host: "") }
  }
}
