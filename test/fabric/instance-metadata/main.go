// Reads a secret of a vault with a token of instance metadata and net/http alone: Debian has no package of azidentity.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

const metadata = "http://169.254.169.254/metadata/identity/oauth2/token" +
	"?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net"

// member asks for a JSON object and returns one of its members.
func member(name, url, header, value string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set(header, value)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var members map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&members); err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %v", url, answer.Status, members)
	}
	return fmt.Sprint(members[name]), nil
}

func main() {
	token, err := member("access_token", metadata, "Metadata", "true")
	if err == nil {
		var value string
		url := "https://" + os.Args[1] + ".vault.azure.net/secrets/" + os.Args[2] + "?api-version=7.4"
		if value, err = member("value", url, "Authorization", "Bearer "+token); err == nil {
			fmt.Println(value)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
