// Serve 200 registers and coils with modbus-serial, over Modbus TCP on a port number or RTU on a
// serial port; prints a line once it listens. Usage: node FILE PORT [BAUDRATE]
const { ServerTCP, ServerSerial } = require("modbus-serial");
const [port, baudrate] = process.argv.slice(2);
const holding = Array.from({ length: 200 }, (_, i) => 7 * i + 3);
const coils = Array.from({ length: 200 }, (_, i) => i % 3 === 0);
const vector = {
  getHoldingRegister: (address) => holding[address],
  getInputRegister: (address) => 11 * address + 5,
  getCoil: (address) => coils[address],
  getDiscreteInput: (address) => address % 5 === 0,
  setRegister: (address, value) => { holding[address] = value; },
  setCoil: (address, value) => { coils[address] = value; },
};
const server = baudrate
  ? new ServerSerial(vector, { port, baudRate: Number(baudrate), unitID: 1, interval: 5 })
  : new ServerTCP(vector, { host: "127.0.0.1", port: Number(port), unitID: 1 });
server.on("initialized", () => console.log("ready"));
