import Model
import NIOCore
import Testing
import Wire

@Suite("Frames")
struct FrameTests {
  private func frame(_ text: String) throws -> Frame { try Frame(ByteBuffer(string: text)) }

  @Test("a request, a notification, a response and an error are told apart")
  func kinds() throws {
    #expect(
      try frame(#"{"jsonrpc":"2.0","id":7,"method":"status","params":{}}"#).kind == .request(.number(7)))
    #expect(try frame(#"{"method":"ready"}"#).kind == .notification)
    #expect(try frame(#"{"id":"a","result":null}"#).kind == .response(.text("a")))
    #expect(try frame(#"{"id":null,"error":{"code":-32700,"message":"x"}}"#).kind == .failure(nil))
  }

  @Test("fields may come in any order, and unknown ones are passed over")
  func order() throws {
    let frame = try frame(#" { "params" : {"a":[1,{"b":2}]} , "extra":{"x":[]}, "method":"log","id":1 } "#)
    #expect(frame.method == "log")
    #expect(frame.methodIs("log"))
    #expect(!frame.methodIs("logs"))
    #expect(frame.params()["a"]?.arrayValue?.count == 2)
  }

  @Test("a malformed message is answered with its id where one came before the damage")
  func damagedWithID() {
    do throws(FrameError) {
      _ = try Frame(ByteBuffer(string: #"{"id":5,"method":"x","params":{"a":}}"#))
      Issue.record("the frame was taken")
    } catch {
      #expect(error.id == .number(5))
      #expect(error.error.code == -32700)
    }
  }

  @Test(
    "JSON that is no request is refused as such",
    arguments: [
      "[]", "3", "\"x\"", "{}", #"{"id":1}"#, #"{"id":1.5,"method":"x"}"#, #"{"id":{},"method":"x"}"#,
      #"{"method":1}"#,
    ])
  func noRequest(text: String) {
    do throws(FrameError) {
      _ = try Frame(ByteBuffer(string: text))
      Issue.record("the frame was taken: \(text)")
    } catch {
      #expect(error.error.code == -32600)
    }
  }

  @Test("an error's reason is read")
  func errors() throws {
    var buffer = ByteBuffer()
    buffer.writeFailure(.number(3), .refused("oco_required", "an order needs both"))
    let length = buffer.readableBytes - 1
    let line = buffer.readSlice(length: length) ?? ByteBuffer()
    let frame = try Frame(line)
    #expect(frame.error() == .refused("oco_required", "an order needs both"))
  }

  @Test("versions are agreed on, or refused")
  func versions() throws {
    #expect(try Hello(["protocol": [1, 3], "sdk": "x"]).agreedVersion() == 1)
    #expect(throws: RPCError.self) { try Hello(["protocol": [2, 3], "sdk": "x"]).agreedVersion() }
    #expect(throws: RPCError.self) { try Hello(["protocol": 1]) }
  }
}
