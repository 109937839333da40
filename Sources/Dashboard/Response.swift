/// A response, after which the server closes the connection, so that idle clients occupy no resources.
struct Response {
  enum HTTPStatus: Int {
    case ok = 200
    case seeOther = 303
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case contentTooLarge = 413
    case fieldsTooLarge = 431
    case unavailable = 503

    var phrase: String {
      switch self {
      case .ok: "OK"
      case .seeOther: "See Other"
      case .badRequest: "Bad Request"
      case .unauthorized: "Unauthorized"
      case .forbidden: "Forbidden"
      case .notFound: "Not Found"
      case .methodNotAllowed: "Method Not Allowed"
      case .contentTooLarge: "Content Too Large"
      case .fieldsTooLarge: "Request Header Fields Too Large"
      case .unavailable: "Service Unavailable"
      }
    }
  }

  var status: HTTPStatus
  var type = "text/plain; charset=utf-8"
  /// The content security policy; by default, nothing may be loaded or run.
  var policy = "default-src 'none'; frame-ancestors 'none'"
  /// Header fields in addition to those of every response.
  var fields: [(name: String, value: String)] = []
  /// nil if the body is streamed and ends with the connection.
  var body: String?

  static func text(_ status: HTTPStatus, _ text: String, _ fields: [(name: String, value: String)] = []) -> Response {
    Response(status: status, fields: fields, body: text + "\n")
  }

  /// Returns the bytes of the response.
  /// - Parameter headOnly: omits the body, but not its length, as HEAD requires
  func encoded(headOnly: Bool = false) -> [UInt8] {
    var head = "HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n"
    let always = [
      ("Content-Type", type), ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
      ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Cache-Control", "no-store"), ("Connection", "close"),
    ]
    for (name, value) in always + fields { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
    head += "\r\n"
    return Array(head.utf8) + (headOnly ? [] : Array((body ?? "").utf8))
  }
}
