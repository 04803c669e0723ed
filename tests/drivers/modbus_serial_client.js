// Carry out calls of modbus-serial's RTU client, one JSON list [method, ...arguments] a line, and
// print each answer's data as a line; ends with its input. Usage: node FILE PORT BAUDRATE
const ModbusRTU = require("modbus-serial");
const readline = require("readline");
const [port, baudrate] = process.argv.slice(2);
const client = new ModbusRTU();
(async () => {
  await client.connectRTUBuffered(port, { baudRate: Number(baudrate) });
  client.setID(1);
  client.setTimeout(3000);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [method, ...words] = JSON.parse(line);
    try {
      const answer = await client[method](...words);
      console.log(JSON.stringify({ data: answer.data || [] }));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }));
    }
  }
  client.close(() => {});
})();
