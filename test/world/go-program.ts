/** The requests of `azidentity` and `azsecrets`, by the standard library: Debian does not have those two. */
export const goProgram = `package main
import ("encoding/json"; "fmt"; "io"; "net/http"; "os"; "strings")
func get(url, header, value string) []byte {
  request, _ := http.NewRequest("GET", url, nil)
  request.Header.Set(header, value)
  response, err := http.DefaultClient.Do(request)
  if err != nil { fmt.Println(err); os.Exit(3) }
  body, _ := io.ReadAll(response.Body)
  return body
}
func main() {
  vault := os.Getenv("KEYVAULT_URL")
  resource := "https://" + vault[strings.Index(vault, ".")+1:]
  var token struct{ Token string \`json:"access_token"\` }
  endpoint := os.Getenv("IDENTITY_ENDPOINT") + "?api-version=2019-08-01&resource=" + resource
  json.Unmarshal(get(endpoint, "X-IDENTITY-HEADER", os.Getenv("IDENTITY_HEADER")), &token)
  fmt.Println(string(get(vault+"/secrets/greeting?api-version=7.4", "Authorization", "Bearer "+token.Token)))
}
`;
